using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>One row times an adapter's A: a dot product for each rank, in two chains of vectors by turns and one tree over their lanes, whatever stands beside the row.</summary>
internal static unsafe class ShrinkRow<T, TNumbers>
    where T : unmanaged, ILanes<T>
    where TNumbers : struct, IWeightNumbers<T>
{
    private const int Line = 64;

    /// <param name="x">[inputs]</param>
    /// <param name="shrunk">[ranks], written.</param>
    /// <param name="ahead">With each line that is read, the one so many bytes behind it is fetched.</param>
    public static void Run(in ShrinkRows rows, float* x, float* shrunk, nint ahead)
    {
        byte* address = (byte*)rows.Address;
        // The last inputs of a row, with zeros behind them.
        float* rest = stackalloc float[16];
        int whole = rows.Inputs / 16;
        for (int i = 0; i < 16; i++) rest[i] = (whole * 16) + i < rows.Inputs ? x[(whole * 16) + i] : 0;
        bool hasRest = whole * 16 < rows.Inputs;
        int rank = 0;
        for (; rank + 4 <= rows.Ranks; rank += 4)
            Four(address + ((long)rank * rows.Stride), rows.Stride, x, rest, whole, hasRest, shrunk + rank, ahead);
        for (; rank < rows.Ranks; rank++) shrunk[rank] = One(address + ((long)rank * rows.Stride), x, rest, whole, hasRest, ahead);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(byte* row, nint stride, float* x, float* rest, int whole, bool hasRest, float* sums, nint ahead)
    {
        T a0 = T.Zero, b0 = T.Zero, c0 = T.Zero, d0 = T.Zero, a1 = T.Zero, b1 = T.Zero, c1 = T.Zero, d1 = T.Zero;
        int size = 16 * TNumbers.ElementSize, i = 0;
        byte* next = row + ahead;
        for (; i + 2 <= whole; i += 2, row += 2 * size)
        {
            for (int at = 0; at < 8 * size; at += Line, next += Line) Fetching.Ahead(next);
            T first = T.Load(x + (i * 16)), second = T.Load(x + (i * 16) + 16);
            a0 = T.Fma(first, TNumbers.ReadRow(row), a0);
            b0 = T.Fma(first, TNumbers.ReadRow(row + stride), b0);
            c0 = T.Fma(first, TNumbers.ReadRow(row + (2 * stride)), c0);
            d0 = T.Fma(first, TNumbers.ReadRow(row + (3 * stride)), d0);
            a1 = T.Fma(second, TNumbers.ReadRow(row + size), a1);
            b1 = T.Fma(second, TNumbers.ReadRow(row + stride + size), b1);
            c1 = T.Fma(second, TNumbers.ReadRow(row + (2 * stride) + size), c1);
            d1 = T.Fma(second, TNumbers.ReadRow(row + (3 * stride) + size), d1);
        }
        if (i < whole)
        {
            T last = T.Load(x + (i * 16));
            a0 = T.Fma(last, TNumbers.ReadRow(row), a0);
            b0 = T.Fma(last, TNumbers.ReadRow(row + stride), b0);
            c0 = T.Fma(last, TNumbers.ReadRow(row + (2 * stride)), c0);
            d0 = T.Fma(last, TNumbers.ReadRow(row + (3 * stride)), d0);
            row += size;
        }
        if (hasRest)
        {
            T last = T.Load(rest);
            a1 = T.Fma(last, TNumbers.ReadRow(row), a1);
            b1 = T.Fma(last, TNumbers.ReadRow(row + stride), b1);
            c1 = T.Fma(last, TNumbers.ReadRow(row + (2 * stride)), c1);
            d1 = T.Fma(last, TNumbers.ReadRow(row + (3 * stride)), d1);
        }
        sums[0] = T.Sum(a0 + a1);
        sums[1] = T.Sum(b0 + b1);
        sums[2] = T.Sum(c0 + c1);
        sums[3] = T.Sum(d0 + d1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float One(byte* row, float* x, float* rest, int whole, bool hasRest, nint ahead)
    {
        T even = T.Zero, odd = T.Zero;
        int size = 16 * TNumbers.ElementSize, i = 0;
        for (; i + 2 <= whole; i += 2, row += 2 * size)
        {
            for (int at = 0; at < 2 * size; at += Line) Fetching.Ahead(row + ahead + at);
            even = T.Fma(T.Load(x + (i * 16)), TNumbers.ReadRow(row), even);
            odd = T.Fma(T.Load(x + (i * 16) + 16), TNumbers.ReadRow(row + size), odd);
        }
        if (i < whole)
        {
            even = T.Fma(T.Load(x + (i * 16)), TNumbers.ReadRow(row), even);
            row += size;
        }
        if (hasRest) odd = T.Fma(T.Load(rest), TNumbers.ReadRow(row), odd);
        return T.Sum(even + odd);
    }
}
