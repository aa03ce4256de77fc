using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Simd;

internal readonly unsafe partial struct Avx512Lanes
{
    private static Vector512<short> Ones => Vector512.Create((short)1);

    /// <remarks>For AVX-512 without VNNI, or where no code can be emitted; see <see cref="Avx2Lanes.Dot32"/> for the arithmetic.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Dot32(byte* codes, sbyte* activations, nint stride, int rows, bool areNibbles, int middle, Avx512Lanes* dots)
    {
        if (areNibbles) Nibbles(codes, activations, stride, rows, middle, dots);
        else Bytes(codes, activations, stride, rows, middle, dots);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Nibbles(byte* codes, sbyte* activations, nint stride, int rows, int middle, Avx512Lanes* dots)
    {
        int row = 0;
        for (; row + 4 <= rows; row += 4, activations += 4 * stride)
        {
            Vector512<short> a = default, b = default, c = default, d = default;
            for (int quad = 0; quad < 8; quad++)
            {
                Vector512<byte> code = Vector512.Load(codes + (64 * quad));
                a += Avx512BW.MultiplyAddAdjacent(code, Quad(activations, quad));
                b += Avx512BW.MultiplyAddAdjacent(code, Quad(activations + stride, quad));
                c += Avx512BW.MultiplyAddAdjacent(code, Quad(activations + (2 * stride), quad));
                d += Avx512BW.MultiplyAddAdjacent(code, Quad(activations + (3 * stride), quad));
            }
            dots[row] = Finish(a, activations, middle);
            dots[row + 1] = Finish(b, activations + stride, middle);
            dots[row + 2] = Finish(c, activations + (2 * stride), middle);
            dots[row + 3] = Finish(d, activations + (3 * stride), middle);
        }
        for (; row < rows; row++, activations += stride)
        {
            Vector512<short> a = default;
            for (int quad = 0; quad < 8; quad++) a += Avx512BW.MultiplyAddAdjacent(Vector512.Load(codes + (64 * quad)), Quad(activations, quad));
            dots[row] = Finish(a, activations, middle);
        }
    }

    // The code as two unsigned parts, its low seven bits and its top bit: neither pair of products leaves 16 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes(byte* codes, sbyte* activations, nint stride, int rows, int middle, Avx512Lanes* dots)
    {
        Vector512<byte> low = Vector512.Create((byte)127);
        for (int row = 0; row < rows; row++, activations += stride)
        {
            Vector512<int> sum = default;
            for (int quad = 0; quad < 8; quad++)
            {
                Vector512<byte> code = Vector512.Load(codes + (64 * quad));
                Vector512<sbyte> x = Quad(activations, quad);
                sum += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(code & low, x), Ones)
                    + Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(Vector512.AndNot(code, low), x), Ones);
            }
            dots[row] = new(Avx512F.ConvertToVector512Single(sum + Vector512.Create(-middle * Avx2Lanes.SumOf(activations))));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Avx512Lanes Finish(Vector512<short> sums, sbyte* activations, int middle) => new(Avx512F.ConvertToVector512Single(
        Avx512BW.MultiplyAddAdjacent(sums, Ones) + Vector512.Create(middle == 0 ? 0 : -middle * Avx2Lanes.SumOf(activations))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<sbyte> Quad(sbyte* activations, int quad) => Vector512.Create(((int*)activations)[quad]).AsSByte();
}
