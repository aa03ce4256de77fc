using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Linear;

namespace Quire.Kernels.Cpu.Simd;

internal readonly unsafe partial struct Avx512Lanes
{
    private const int GroupBytes = Packing.Group * Packing.Columns;

    private static Vector512<short> Ones => Vector512.Create((short)1);

    public static Int8Instructions Instructions => Int8Instructions.MultiplyAdd;

    /// <remarks>For AVX-512 without VNNI, or where no code can be emitted; see <see cref="Avx2Lanes.Dot"/> for the arithmetic.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Dot(byte* codes, ActivationGroup* activations, int groups, int rows, bool areNibbles, int middle, Avx512Lanes* dots)
    {
        for (int g = 0; g < groups; g++, codes += GroupBytes, activations += rows)
        {
            if (areNibbles) Nibbles(codes, activations, g, rows, middle, dots);
            else Bytes(codes, activations, g, rows, middle, dots);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes DotNibbles(byte* codes, ActivationGroup* activations, int middle)
    {
        Vector512<byte> mask = Vector512.Create((byte)15);
        Vector512<short> a = default;
        for (int pair = 0; pair < 4; pair++)
        {
            Vector512<byte> code = Vector512.Load(codes + (64 * pair));
            a += Avx512BW.MultiplyAddAdjacent(code & mask, Quad(activations, 2 * pair))
                + Avx512BW.MultiplyAddAdjacent((code.AsUInt16() >>> 4).AsByte() & mask, Quad(activations, (2 * pair) + 1));
        }
        return new(Avx512F.ConvertToVector512Single(Avx512BW.MultiplyAddAdjacent(a, Ones) + Vector512.Create(ActivationGroup.Start(activations, 1, 1, middle))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DotHalf(byte* codes, ActivationGroup* activations, int half, int rows, Avx512Lanes* dots)
    {
        for (int row = 0; row < rows; row++, activations++)
        {
            Vector512<int> sum = Vector512.Create(activations->StartHalves[half]);
            for (int quad = 0; quad < 4; quad++) sum += Byte(Vector512.Load(codes + (64 * quad)), Quad(activations, (4 * half) + quad));
            dots[row] = new(Avx512F.ConvertToVector512Single(sum));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Nibbles(byte* codes, ActivationGroup* activations, int group, int rows, int middle, Avx512Lanes* dots)
    {
        int row = 0;
        for (; row + 4 <= rows; row += 4, activations += 4)
        {
            Vector512<short> a = default, b = default, c = default, d = default;
            for (int quad = 0; quad < 8; quad++)
            {
                Vector512<byte> code = Vector512.Load(codes + (64 * quad));
                a += Avx512BW.MultiplyAddAdjacent(code, Quad(activations, quad));
                b += Avx512BW.MultiplyAddAdjacent(code, Quad(activations + 1, quad));
                c += Avx512BW.MultiplyAddAdjacent(code, Quad(activations + 2, quad));
                d += Avx512BW.MultiplyAddAdjacent(code, Quad(activations + 3, quad));
            }
            Finish(Avx512BW.MultiplyAddAdjacent(a, Ones), activations, group, middle, dots + row);
            Finish(Avx512BW.MultiplyAddAdjacent(b, Ones), activations + 1, group, middle, dots + row + 1);
            Finish(Avx512BW.MultiplyAddAdjacent(c, Ones), activations + 2, group, middle, dots + row + 2);
            Finish(Avx512BW.MultiplyAddAdjacent(d, Ones), activations + 3, group, middle, dots + row + 3);
        }
        for (; row < rows; row++, activations++)
        {
            Vector512<short> a = default;
            for (int quad = 0; quad < 8; quad++) a += Avx512BW.MultiplyAddAdjacent(Vector512.Load(codes + (64 * quad)), Quad(activations, quad));
            Finish(Avx512BW.MultiplyAddAdjacent(a, Ones), activations, group, middle, dots + row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Bytes(byte* codes, ActivationGroup* activations, int group, int rows, int middle, Avx512Lanes* dots)
    {
        for (int row = 0; row < rows; row++, activations++)
        {
            Vector512<int> sum = default;
            for (int quad = 0; quad < 8; quad++) sum += Byte(Vector512.Load(codes + (64 * quad)), Quad(activations, quad));
            Finish(sum, activations, group, middle, dots + row);
        }
    }

    // The code as two unsigned parts, its low seven bits and its top bit: neither pair of products leaves 16 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Byte(Vector512<byte> code, Vector512<sbyte> x)
    {
        Vector512<byte> low = Vector512.Create((byte)127);
        return Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(code & low, x), Ones)
            + Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(Vector512.AndNot(code, low), x), Ones);
    }

    // Of a later group: added to what the groups before it gave.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Vector512<int> sums, ActivationGroup* activations, int group, int middle, Avx512Lanes* dots)
    {
        Avx512Lanes value = new(Avx512F.ConvertToVector512Single(sums + Vector512.Create(ActivationGroup.Start(activations, 1, 1, middle))));
        *dots = group == 0 ? value : *dots + value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<sbyte> Quad(ActivationGroup* activations, int quad) => Vector512.Create(((int*)activations->Codes)[quad]).AsSByte();
}
