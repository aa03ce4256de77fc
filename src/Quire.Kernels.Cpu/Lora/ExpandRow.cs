using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>One row times an adapter's B. The order of sums is fixed, whatever stands beside the row.</summary>
internal static unsafe class ExpandRow<T, TNumbers>
    where T : unmanaged, ILanes<T>
    where TNumbers : struct, IWeightNumbers<T>
{
    private const int Line = 64;

    /// <summary>output += B x, four tiles of 16 columns at a time.</summary>
    /// <param name="ahead">With each line that is read, the one so many bytes behind it is fetched.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Expand(in ExpandTiles tiles, float* x, float* output, nint ahead)
    {
        byte* tile = (byte*)tiles.Address;
        nint stride = tiles.TileBytes;
        int inputs = tiles.Inputs, width = tiles.Outputs, column = 0;
        for (; column + 64 <= width; column += 64, tile += 4 * stride)
        {
            T a = T.Load(output + column), b = T.Load(output + column + 16), c = T.Load(output + column + 32), d = T.Load(output + column + 48);
            byte* at = tile;
            int k = 0;
            for (; k + 2 <= inputs; k += 2, at += TNumbers.Size)
            {
                for (byte* next = at + ahead; next < at + ahead + TNumbers.Size; next += Line)
                {
                    Fetching.Ahead(next);
                    Fetching.Ahead(next + stride);
                    Fetching.Ahead(next + (2 * stride));
                    Fetching.Ahead(next + (3 * stride));
                }
                T x0 = T.Broadcast(x[k]), x1 = T.Broadcast(x[k + 1]);
                TNumbers.Read(at, out T even, out T odd);
                a = T.Fma(x1, odd, T.Fma(x0, even, a));
                TNumbers.Read(at + stride, out even, out odd);
                b = T.Fma(x1, odd, T.Fma(x0, even, b));
                TNumbers.Read(at + (2 * stride), out even, out odd);
                c = T.Fma(x1, odd, T.Fma(x0, even, c));
                TNumbers.Read(at + (3 * stride), out even, out odd);
                d = T.Fma(x1, odd, T.Fma(x0, even, d));
            }
            if (k < inputs)
            {
                T x0 = T.Broadcast(x[k]);
                a = T.Fma(x0, Last(at), a);
                b = T.Fma(x0, Last(at + stride), b);
                c = T.Fma(x0, Last(at + (2 * stride)), c);
                d = T.Fma(x0, Last(at + (3 * stride)), d);
            }
            T.Store(output + column, a);
            T.Store(output + column + 16, b);
            T.Store(output + column + 32, c);
            T.Store(output + column + 48, d);
        }
        float* rest = stackalloc float[16];
        for (; column < width; column += 16, tile += stride)
        {
            int count = Math.Min(16, width - column);
            for (int i = 0; i < 16; i++) rest[i] = i < count ? output[column + i] : 0;
            T a = T.Load(rest);
            byte* at = tile;
            int k = 0;
            for (; k + 2 <= inputs; k += 2, at += TNumbers.Size)
            {
                TNumbers.Read(at, out T even, out T odd);
                a = T.Fma(T.Broadcast(x[k + 1]), odd, T.Fma(T.Broadcast(x[k]), even, a));
            }
            if (k < inputs) a = T.Fma(T.Broadcast(x[k]), Last(at), a);
            T.Store(rest, a);
            for (int i = 0; i < count; i++) output[column + i] = rest[i];
        }
    }

    // A last input without its pair: f32 tiles end there, the others hold a zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Last(byte* pair)
    {
        if (TNumbers.Size == 128) return T.Load((float*)pair);
        TNumbers.Read(pair, out T even, out _);
        return even;
    }
}
