using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Measurement;

/// <summary>Multiplications on registers alone with what .NET has intrinsics for. Each returns the operations done; the sums go where the compiler must keep them.</summary>
internal static class IntrinsicPeaks
{
    private static float floatSink;
    private static int integerSink;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static long Fma(long iterations)
    {
        Vector256<float> x = Vector256.Create(0.5f), y = Vector256.Create(0.25f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x;
        for (long n = 0; n < iterations; n++)
        {
            a = Vector256.FusedMultiplyAdd(x, y, a);
            b = Vector256.FusedMultiplyAdd(x, y, b);
            c = Vector256.FusedMultiplyAdd(x, y, c);
            d = Vector256.FusedMultiplyAdd(x, y, d);
            e = Vector256.FusedMultiplyAdd(x, y, e);
            f = Vector256.FusedMultiplyAdd(x, y, f);
            g = Vector256.FusedMultiplyAdd(x, y, g);
            h = Vector256.FusedMultiplyAdd(x, y, h);
            i = Vector256.FusedMultiplyAdd(x, y, i);
            j = Vector256.FusedMultiplyAdd(x, y, j);
        }
        floatSink = Vector256.Sum(a + b + c + d + e + f + g + h + i + j);
        return iterations * 10 * 16;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static long MultiplyAdd(long iterations)
    {
        Vector256<byte> x = Vector256.Create((byte)3);
        Vector256<sbyte> y = Vector256.Create((sbyte)-2);
        Vector256<short> ones = Vector256.Create((short)1);
        Vector256<int> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        for (long n = 0; n < iterations; n++)
        {
            a += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, y ^ a.AsSByte()), ones);
            b += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, y ^ b.AsSByte()), ones);
            c += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, y ^ c.AsSByte()), ones);
            d += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, y ^ d.AsSByte()), ones);
            e += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, y ^ e.AsSByte()), ones);
            f += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, y ^ f.AsSByte()), ones);
            g += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, y ^ g.AsSByte()), ones);
            h += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x, y ^ h.AsSByte()), ones);
        }
        integerSink = Vector256.Sum(a + b + c + d + e + f + g + h);
        return iterations * 8 * 64;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static long Vnni256(long iterations)
    {
        Vector256<byte> x = Vector256.Create((byte)3);
        Vector256<sbyte> y = Vector256.Create((sbyte)-2);
        Vector256<int> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default, i = default, j = default, k = default, l = default;
        for (long n = 0; n < iterations; n++)
        {
            a = AvxVnni.MultiplyWideningAndAdd(a, x, y);
            b = AvxVnni.MultiplyWideningAndAdd(b, x, y);
            c = AvxVnni.MultiplyWideningAndAdd(c, x, y);
            d = AvxVnni.MultiplyWideningAndAdd(d, x, y);
            e = AvxVnni.MultiplyWideningAndAdd(e, x, y);
            f = AvxVnni.MultiplyWideningAndAdd(f, x, y);
            g = AvxVnni.MultiplyWideningAndAdd(g, x, y);
            h = AvxVnni.MultiplyWideningAndAdd(h, x, y);
            i = AvxVnni.MultiplyWideningAndAdd(i, x, y);
            j = AvxVnni.MultiplyWideningAndAdd(j, x, y);
            k = AvxVnni.MultiplyWideningAndAdd(k, x, y);
            l = AvxVnni.MultiplyWideningAndAdd(l, x, y);
        }
        integerSink = Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
        return iterations * 12 * 64;
    }
}
