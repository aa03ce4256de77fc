using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Linear;

namespace Quire.Kernels.Cpu.Simd;

internal readonly unsafe partial struct Avx2Lanes
{
    private const int GroupBytes = Packing.Group * Packing.Columns;

    private static Vector256<short> Ones => Vector256.Create((short)1);

    public static Int8Instructions Instructions => Int8Instructions.MultiplyAdd;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Dot(byte* codes, ActivationGroup* activations, int groups, int rows, bool areNibbles, int middle, Avx2Lanes* dots)
    {
        if (!areNibbles) Bytes(codes, activations, groups, rows, middle, dots);
        else for (int g = 0; g < groups; g++, codes += GroupBytes, activations += rows) Nibbles(codes, activations, g, rows, middle, dots);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes DotNibbles(byte* codes, ActivationGroup* activations, int middle)
    {
        Vector256<byte> mask = Vector256.Create((byte)15);
        Vector256<short> a0 = default, a1 = default;
        for (int pair = 0; pair < 4; pair++)
        {
            Vector256<byte> low = Vector256.Load(codes + (64 * pair)), high = Vector256.Load(codes + (64 * pair) + 32);
            Vector256<sbyte> x = Quad(activations, 2 * pair), y = Quad(activations, (2 * pair) + 1);
            a0 += Avx2.MultiplyAddAdjacent(low & mask, x) + Avx2.MultiplyAddAdjacent((low.AsUInt16() >>> 4).AsByte() & mask, y);
            a1 += Avx2.MultiplyAddAdjacent(high & mask, x) + Avx2.MultiplyAddAdjacent((high.AsUInt16() >>> 4).AsByte() & mask, y);
        }
        Vector256<int> start = Vector256.Create(ActivationGroup.Start(activations, 1, 1, middle));
        return FromIntegers(Avx2.MultiplyAddAdjacent(a0, Ones) + start, Avx2.MultiplyAddAdjacent(a1, Ones) + start);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DotHalf(byte* codes, ActivationGroup* activations, int half, int rows, Avx2Lanes* dots)
    {
        for (int row = 0; row < rows; row++)
        {
            Vector256<int> a0 = default, a1 = default;
            for (int quad = 0; quad < 4; quad++) AddSigned(codes + (64 * quad), Quad(activations + row, (4 * half) + quad), ref a0, ref a1);
            dots[row] = FromIntegers(a0, a1);
        }
    }

    // vpmaddubsw adds two products in 16 bits. With codes below 16 all eight quads fit there: 2 * 8 * 15 * 127 = 30480; the middle is subtracted
    // afterwards, as a multiple of the activations' sum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Nibbles(byte* codes, ActivationGroup* activations, int group, int rows, int middle, Avx2Lanes* dots)
    {
        int row = 0;
        for (; row + 3 <= rows; row += 3, activations += 3)
        {
            Vector256<short> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default;
            for (int quad = 0; quad < 8; quad++)
            {
                Vector256<byte> low = Vector256.Load(codes + (64 * quad)), high = Vector256.Load(codes + (64 * quad) + 32);
                Vector256<sbyte> x = Quad(activations, quad);
                a0 += Avx2.MultiplyAddAdjacent(low, x);
                a1 += Avx2.MultiplyAddAdjacent(high, x);
                x = Quad(activations + 1, quad);
                b0 += Avx2.MultiplyAddAdjacent(low, x);
                b1 += Avx2.MultiplyAddAdjacent(high, x);
                x = Quad(activations + 2, quad);
                c0 += Avx2.MultiplyAddAdjacent(low, x);
                c1 += Avx2.MultiplyAddAdjacent(high, x);
            }
            Finish(a0, a1, activations, group, middle, dots + row);
            Finish(b0, b1, activations + 1, group, middle, dots + row + 1);
            Finish(c0, c1, activations + 2, group, middle, dots + row + 2);
        }
        for (; row < rows; row++, activations++)
        {
            Vector256<short> a0 = default, a1 = default;
            for (int quad = 0; quad < 8; quad++)
            {
                Vector256<sbyte> x = Quad(activations, quad);
                a0 += Avx2.MultiplyAddAdjacent(Vector256.Load(codes + (64 * quad)), x);
                a1 += Avx2.MultiplyAddAdjacent(Vector256.Load(codes + (64 * quad) + 32), x);
            }
            Finish(a0, a1, activations, group, middle, dots + row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Bytes(byte* codes, ActivationGroup* activations, int groups, int rows, int middle, Avx2Lanes* dots)
    {
        for (int row = 0; row < rows; row++)
        {
            Vector256<int> a0 = default, a1 = default;
            byte* code = codes;
            for (int g = 0; g < groups; g++)
            {
                for (int quad = 0; quad < 8; quad++, code += 64) AddSigned(code, Quad(activations + (g * rows) + row, quad), ref a0, ref a1);
            }
            Vector256<int> rest = Vector256.Create(ActivationGroup.Start(activations + row, groups, rows, middle) - ActivationGroup.Start(activations + row, groups, rows, 128));
            dots[row] = FromIntegers(a0 + rest, a1 + rest);
        }
    }

    // Codes of 8 bits would saturate the 16-bit sums: the code less 128 is taken apart into its magnitude, at most 128, and its sign, which moves to the activation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddSigned(byte* codes, Vector256<sbyte> x, ref Vector256<int> a0, ref Vector256<int> a1)
    {
        Vector256<byte> flip = Vector256.Create((byte)128);
        Vector256<sbyte> low = (Vector256.Load(codes) ^ flip).AsSByte(), high = (Vector256.Load(codes + 32) ^ flip).AsSByte();
        a0 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Avx2.Abs(low), Avx2.Sign(x, low)), Ones);
        a1 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Avx2.Abs(high), Avx2.Sign(x, high)), Ones);
    }

    // Of a later group: added to what the groups before it gave.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Vector256<short> low, Vector256<short> high, ActivationGroup* activations, int group, int middle, Avx2Lanes* dots)
    {
        Vector256<int> start = Vector256.Create(ActivationGroup.Start(activations, 1, 1, middle));
        Avx2Lanes value = FromIntegers(Avx2.MultiplyAddAdjacent(low, Ones) + start, Avx2.MultiplyAddAdjacent(high, Ones) + start);
        *dots = group == 0 ? value : *dots + value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Avx2Lanes FromIntegers(Vector256<int> low, Vector256<int> high) => new(Avx.ConvertToVector256Single(low), Avx.ConvertToVector256Single(high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Quad(ActivationGroup* activations, int quad) => Vector256.Create(((int*)activations->Codes)[quad]).AsSByte();
}
