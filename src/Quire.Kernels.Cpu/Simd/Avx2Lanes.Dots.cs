using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Simd;

internal readonly unsafe partial struct Avx2Lanes
{
    private static Vector256<short> Ones => Vector256.Create((short)1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Dot32(byte* codes, sbyte* activations, nint stride, int rows, bool areNibbles, int middle, Avx2Lanes* dots)
    {
        if (areNibbles) Nibbles(codes, activations, stride, rows, middle, dots);
        else Bytes(codes, activations, stride, rows, middle, dots);
    }

    // vpmaddubsw adds two products in 16 bits. With codes below 16 all eight quads fit there: 2 * 8 * 15 * 127 = 30480; the middle is subtracted
    // afterwards, as a multiple of the activations' sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Nibbles(byte* codes, sbyte* activations, nint stride, int rows, int middle, Avx2Lanes* dots)
    {
        int row = 0;
        for (; row + 3 <= rows; row += 3, activations += 3 * stride)
        {
            Vector256<short> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default;
            for (int quad = 0; quad < 8; quad++)
            {
                Vector256<byte> low = Vector256.Load(codes + (64 * quad)), high = Vector256.Load(codes + (64 * quad) + 32);
                Vector256<sbyte> x = Quad(activations, quad);
                a0 += Avx2.MultiplyAddAdjacent(low, x);
                a1 += Avx2.MultiplyAddAdjacent(high, x);
                x = Quad(activations + stride, quad);
                b0 += Avx2.MultiplyAddAdjacent(low, x);
                b1 += Avx2.MultiplyAddAdjacent(high, x);
                x = Quad(activations + (2 * stride), quad);
                c0 += Avx2.MultiplyAddAdjacent(low, x);
                c1 += Avx2.MultiplyAddAdjacent(high, x);
            }
            dots[row] = Finish(a0, a1, activations, middle);
            dots[row + 1] = Finish(b0, b1, activations + stride, middle);
            dots[row + 2] = Finish(c0, c1, activations + (2 * stride), middle);
        }
        for (; row < rows; row++, activations += stride)
        {
            Vector256<short> a0 = default, a1 = default;
            for (int quad = 0; quad < 8; quad++)
            {
                Vector256<sbyte> x = Quad(activations, quad);
                a0 += Avx2.MultiplyAddAdjacent(Vector256.Load(codes + (64 * quad)), x);
                a1 += Avx2.MultiplyAddAdjacent(Vector256.Load(codes + (64 * quad) + 32), x);
            }
            dots[row] = Finish(a0, a1, activations, middle);
        }
    }

    // Codes of 8 bits would saturate the 16-bit sums: the code less 128 is taken apart into its magnitude, at most 128, and its sign, which moves to the activation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes(byte* codes, sbyte* activations, nint stride, int rows, int middle, Avx2Lanes* dots)
    {
        Vector256<byte> flip = Vector256.Create((byte)128);
        for (int row = 0; row < rows; row++, activations += stride)
        {
            Vector256<int> a0 = default, a1 = default;
            for (int quad = 0; quad < 8; quad++)
            {
                Vector256<sbyte> x = Quad(activations, quad);
                Vector256<sbyte> low = (Vector256.Load(codes + (64 * quad)) ^ flip).AsSByte(), high = (Vector256.Load(codes + (64 * quad) + 32) ^ flip).AsSByte();
                a0 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Avx2.Abs(low), Avx2.Sign(x, low)), Ones);
                a1 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Avx2.Abs(high), Avx2.Sign(x, high)), Ones);
            }
            Vector256<int> rest = Vector256.Create((128 - middle) * SumOf(activations));
            dots[row] = new(Avx.ConvertToVector256Single(a0 + rest), Avx.ConvertToVector256Single(a1 + rest));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Avx2Lanes Finish(Vector256<short> low, Vector256<short> high, sbyte* activations, int middle)
    {
        Vector256<int> start = Vector256.Create(middle == 0 ? 0 : -middle * SumOf(activations));
        return new(
            Avx.ConvertToVector256Single(Avx2.MultiplyAddAdjacent(low, Ones) + start), Avx.ConvertToVector256Single(Avx2.MultiplyAddAdjacent(high, Ones) + start));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Quad(sbyte* activations, int quad) => Vector256.Create(((int*)activations)[quad]).AsSByte();

    // Sum of 32 signed bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SumOf(sbyte* activations)
    {
        Vector256<short> pairs = Avx2.MultiplyAddAdjacent(Vector256.Create((byte)1), Vector256.Load(activations));
        return Vector256.Sum(Avx2.MultiplyAddAdjacent(pairs, Ones));
    }
}
