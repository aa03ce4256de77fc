using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Register tiles of a few rows and packed numbers: c[row][16 j + lane] += sum over k of a[row][k] * number[j][k][lane].</summary>
/// <remarks>Each element is one chain of multiply-adds along k, as in <see cref="ProductTiles{T}"/>. Shapes are those whose sums, scales and minima fit the registers and whose chains are enough for the latency of a multiply-add.</remarks>
internal static unsafe class FewRowTiles<T>
    where T : unmanaged, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1Tiles1<TNumbers>(in TileLayout layout, byte* tile, float* a, float* sums)
        where TNumbers : unmanaged, INumbers<TNumbers, T>
    {
        T c00 = T.Load(sums);
        for (int groups = layout.Groups; groups > 0; groups -= layout.PerHeader)
        {
            TNumbers n0 = TNumbers.Read(layout, tile);
            tile += layout.HeaderBytes;
            for (byte* end = tile + ((long)Math.Min(layout.PerHeader, groups) * layout.CodeBytes); tile < end; tile += 64, a += TNumbers.Inputs)
            {
                Fetching.Ahead(tile + Fetching.Distance);
                uint* w0 = (uint*)tile;
                Add(n0.Number(w0, 0), a, ref c00);
                Add(n0.Number(w0, 1), a + 1, ref c00);
                if (TNumbers.Inputs == 2) continue;
                Add(n0.Number(w0, 2), a + 2, ref c00);
                Add(n0.Number(w0, 3), a + 3, ref c00);
                if (TNumbers.Inputs == 4) continue;
                Add(n0.Number(w0, 4), a + 4, ref c00);
                Add(n0.Number(w0, 5), a + 5, ref c00);
                Add(n0.Number(w0, 6), a + 6, ref c00);
                Add(n0.Number(w0, 7), a + 7, ref c00);
            }
        }
        T.Store(sums, c00);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1Tiles2<TNumbers>(in TileLayout layout, byte* tile, nint tileBytes, float* a, float* sums)
        where TNumbers : unmanaged, INumbers<TNumbers, T>
    {
        T c00 = T.Load(sums), c01 = T.Load(sums + 16);
        for (int groups = layout.Groups; groups > 0; groups -= layout.PerHeader)
        {
            TNumbers n0 = TNumbers.Read(layout, tile), n1 = TNumbers.Read(layout, tile + tileBytes);
            tile += layout.HeaderBytes;
            for (byte* end = tile + ((long)Math.Min(layout.PerHeader, groups) * layout.CodeBytes); tile < end; tile += 64, a += TNumbers.Inputs)
            {
                Fetching.Ahead(tile + Fetching.Distance);
                Fetching.Ahead(tile + tileBytes + Fetching.Distance);
                uint* w0 = (uint*)tile, w1 = (uint*)(tile + tileBytes);
                Add(n0.Number(w0, 0), n1.Number(w1, 0), a, ref c00, ref c01);
                Add(n0.Number(w0, 1), n1.Number(w1, 1), a + 1, ref c00, ref c01);
                if (TNumbers.Inputs == 2) continue;
                Add(n0.Number(w0, 2), n1.Number(w1, 2), a + 2, ref c00, ref c01);
                Add(n0.Number(w0, 3), n1.Number(w1, 3), a + 3, ref c00, ref c01);
                if (TNumbers.Inputs == 4) continue;
                Add(n0.Number(w0, 4), n1.Number(w1, 4), a + 4, ref c00, ref c01);
                Add(n0.Number(w0, 5), n1.Number(w1, 5), a + 5, ref c00, ref c01);
                Add(n0.Number(w0, 6), n1.Number(w1, 6), a + 6, ref c00, ref c01);
                Add(n0.Number(w0, 7), n1.Number(w1, 7), a + 7, ref c00, ref c01);
            }
        }
        T.Store(sums, c00);
        T.Store(sums + 16, c01);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1Tiles4<TNumbers>(in TileLayout layout, byte* tile, nint tileBytes, float* a, float* sums)
        where TNumbers : unmanaged, INumbers<TNumbers, T>
    {
        T c00 = T.Load(sums), c01 = T.Load(sums + 16), c02 = T.Load(sums + 32), c03 = T.Load(sums + 48);
        for (int groups = layout.Groups; groups > 0; groups -= layout.PerHeader)
        {
            TNumbers n0 = TNumbers.Read(layout, tile), n1 = TNumbers.Read(layout, tile + tileBytes), n2 = TNumbers.Read(layout, tile + (2 * tileBytes)), n3 = TNumbers.Read(layout, tile + (3 * tileBytes));
            tile += layout.HeaderBytes;
            for (byte* end = tile + ((long)Math.Min(layout.PerHeader, groups) * layout.CodeBytes); tile < end; tile += 64, a += TNumbers.Inputs)
            {
                Fetching.Ahead(tile + Fetching.Distance);
                Fetching.Ahead(tile + tileBytes + Fetching.Distance);
                Fetching.Ahead(tile + (2 * tileBytes) + Fetching.Distance);
                Fetching.Ahead(tile + (3 * tileBytes) + Fetching.Distance);
                uint* w0 = (uint*)tile, w1 = (uint*)(tile + tileBytes), w2 = (uint*)(tile + (2 * tileBytes)), w3 = (uint*)(tile + (3 * tileBytes));
                Add(n0.Number(w0, 0), n1.Number(w1, 0), n2.Number(w2, 0), n3.Number(w3, 0), a, ref c00, ref c01, ref c02, ref c03);
                Add(n0.Number(w0, 1), n1.Number(w1, 1), n2.Number(w2, 1), n3.Number(w3, 1), a + 1, ref c00, ref c01, ref c02, ref c03);
                if (TNumbers.Inputs == 2) continue;
                Add(n0.Number(w0, 2), n1.Number(w1, 2), n2.Number(w2, 2), n3.Number(w3, 2), a + 2, ref c00, ref c01, ref c02, ref c03);
                Add(n0.Number(w0, 3), n1.Number(w1, 3), n2.Number(w2, 3), n3.Number(w3, 3), a + 3, ref c00, ref c01, ref c02, ref c03);
                if (TNumbers.Inputs == 4) continue;
                Add(n0.Number(w0, 4), n1.Number(w1, 4), n2.Number(w2, 4), n3.Number(w3, 4), a + 4, ref c00, ref c01, ref c02, ref c03);
                Add(n0.Number(w0, 5), n1.Number(w1, 5), n2.Number(w2, 5), n3.Number(w3, 5), a + 5, ref c00, ref c01, ref c02, ref c03);
                Add(n0.Number(w0, 6), n1.Number(w1, 6), n2.Number(w2, 6), n3.Number(w3, 6), a + 6, ref c00, ref c01, ref c02, ref c03);
                Add(n0.Number(w0, 7), n1.Number(w1, 7), n2.Number(w2, 7), n3.Number(w3, 7), a + 7, ref c00, ref c01, ref c02, ref c03);
            }
        }
        T.Store(sums, c00);
        T.Store(sums + 16, c01);
        T.Store(sums + 32, c02);
        T.Store(sums + 48, c03);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2Tiles1<TNumbers>(in TileLayout layout, byte* tile, float* a, nint stride, float* sums, nint sumStride)
        where TNumbers : unmanaged, INumbers<TNumbers, T>
    {
        T c00 = T.Load(sums), c10 = T.Load(sums + sumStride);
        for (int groups = layout.Groups; groups > 0; groups -= layout.PerHeader)
        {
            TNumbers n0 = TNumbers.Read(layout, tile);
            tile += layout.HeaderBytes;
            for (byte* end = tile + ((long)Math.Min(layout.PerHeader, groups) * layout.CodeBytes); tile < end; tile += 64, a += TNumbers.Inputs)
            {
                Fetching.Ahead(tile + Fetching.Distance);
                uint* w0 = (uint*)tile;
                Add(n0.Number(w0, 0), a, stride, ref c00, ref c10);
                Add(n0.Number(w0, 1), a + 1, stride, ref c00, ref c10);
                if (TNumbers.Inputs == 2) continue;
                Add(n0.Number(w0, 2), a + 2, stride, ref c00, ref c10);
                Add(n0.Number(w0, 3), a + 3, stride, ref c00, ref c10);
                if (TNumbers.Inputs == 4) continue;
                Add(n0.Number(w0, 4), a + 4, stride, ref c00, ref c10);
                Add(n0.Number(w0, 5), a + 5, stride, ref c00, ref c10);
                Add(n0.Number(w0, 6), a + 6, stride, ref c00, ref c10);
                Add(n0.Number(w0, 7), a + 7, stride, ref c00, ref c10);
            }
        }
        T.Store(sums, c00);
        T.Store(sums + sumStride, c10);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4Tiles1<TNumbers>(in TileLayout layout, byte* tile, float* a, nint stride, float* sums, nint sumStride)
        where TNumbers : unmanaged, INumbers<TNumbers, T>
    {
        T c00 = T.Load(sums), c10 = T.Load(sums + sumStride), c20 = T.Load(sums + (2 * sumStride)), c30 = T.Load(sums + (3 * sumStride));
        for (int groups = layout.Groups; groups > 0; groups -= layout.PerHeader)
        {
            TNumbers n0 = TNumbers.Read(layout, tile);
            tile += layout.HeaderBytes;
            for (byte* end = tile + ((long)Math.Min(layout.PerHeader, groups) * layout.CodeBytes); tile < end; tile += 64, a += TNumbers.Inputs)
            {
                Fetching.Ahead(tile + Fetching.Distance);
                uint* w0 = (uint*)tile;
                Add(n0.Number(w0, 0), a, stride, ref c00, ref c10, ref c20, ref c30);
                Add(n0.Number(w0, 1), a + 1, stride, ref c00, ref c10, ref c20, ref c30);
                if (TNumbers.Inputs == 2) continue;
                Add(n0.Number(w0, 2), a + 2, stride, ref c00, ref c10, ref c20, ref c30);
                Add(n0.Number(w0, 3), a + 3, stride, ref c00, ref c10, ref c20, ref c30);
                if (TNumbers.Inputs == 4) continue;
                Add(n0.Number(w0, 4), a + 4, stride, ref c00, ref c10, ref c20, ref c30);
                Add(n0.Number(w0, 5), a + 5, stride, ref c00, ref c10, ref c20, ref c30);
                Add(n0.Number(w0, 6), a + 6, stride, ref c00, ref c10, ref c20, ref c30);
                Add(n0.Number(w0, 7), a + 7, stride, ref c00, ref c10, ref c20, ref c30);
            }
        }
        T.Store(sums, c00);
        T.Store(sums + sumStride, c10);
        T.Store(sums + (2 * sumStride), c20);
        T.Store(sums + (3 * sumStride), c30);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8Tiles1<TNumbers>(in TileLayout layout, byte* tile, float* a, nint stride, float* sums, nint sumStride)
        where TNumbers : unmanaged, INumbers<TNumbers, T>
    {
        T c00 = T.Load(sums), c10 = T.Load(sums + sumStride), c20 = T.Load(sums + (2 * sumStride)), c30 = T.Load(sums + (3 * sumStride));
        float* low = sums + (4 * sumStride), b = a + (4 * stride);
        T c40 = T.Load(low), c50 = T.Load(low + sumStride), c60 = T.Load(low + (2 * sumStride)), c70 = T.Load(low + (3 * sumStride));
        for (int groups = layout.Groups; groups > 0; groups -= layout.PerHeader)
        {
            TNumbers n0 = TNumbers.Read(layout, tile);
            tile += layout.HeaderBytes;
            for (byte* end = tile + ((long)Math.Min(layout.PerHeader, groups) * layout.CodeBytes); tile < end; tile += 64, a += TNumbers.Inputs, b += TNumbers.Inputs)
            {
                Fetching.Ahead(tile + Fetching.Distance);
                uint* w0 = (uint*)tile;
                T x0 = n0.Number(w0, 0);
                Add(x0, a, stride, ref c00, ref c10, ref c20, ref c30);
                Add(x0, b, stride, ref c40, ref c50, ref c60, ref c70);
                T x1 = n0.Number(w0, 1);
                Add(x1, a + 1, stride, ref c00, ref c10, ref c20, ref c30);
                Add(x1, b + 1, stride, ref c40, ref c50, ref c60, ref c70);
                if (TNumbers.Inputs == 2) continue;
                T x2 = n0.Number(w0, 2);
                Add(x2, a + 2, stride, ref c00, ref c10, ref c20, ref c30);
                Add(x2, b + 2, stride, ref c40, ref c50, ref c60, ref c70);
                T x3 = n0.Number(w0, 3);
                Add(x3, a + 3, stride, ref c00, ref c10, ref c20, ref c30);
                Add(x3, b + 3, stride, ref c40, ref c50, ref c60, ref c70);
                if (TNumbers.Inputs == 4) continue;
                T x4 = n0.Number(w0, 4);
                Add(x4, a + 4, stride, ref c00, ref c10, ref c20, ref c30);
                Add(x4, b + 4, stride, ref c40, ref c50, ref c60, ref c70);
                T x5 = n0.Number(w0, 5);
                Add(x5, a + 5, stride, ref c00, ref c10, ref c20, ref c30);
                Add(x5, b + 5, stride, ref c40, ref c50, ref c60, ref c70);
                T x6 = n0.Number(w0, 6);
                Add(x6, a + 6, stride, ref c00, ref c10, ref c20, ref c30);
                Add(x6, b + 6, stride, ref c40, ref c50, ref c60, ref c70);
                T x7 = n0.Number(w0, 7);
                Add(x7, a + 7, stride, ref c00, ref c10, ref c20, ref c30);
                Add(x7, b + 7, stride, ref c40, ref c50, ref c60, ref c70);
            }
        }
        T.Store(sums, c00);
        T.Store(sums + sumStride, c10);
        T.Store(sums + (2 * sumStride), c20);
        T.Store(sums + (3 * sumStride), c30);
        T.Store(low, c40);
        T.Store(low + sumStride, c50);
        T.Store(low + (2 * sumStride), c60);
        T.Store(low + (3 * sumStride), c70);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(T n0, float* a, ref T c0) => c0 = T.Fma(T.Broadcast(*a), n0, c0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(T n0, T n1, float* a, ref T c0, ref T c1)
    {
        T x = T.Broadcast(*a);
        c0 = T.Fma(x, n0, c0);
        c1 = T.Fma(x, n1, c1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(T n0, T n1, T n2, T n3, float* a, ref T c0, ref T c1, ref T c2, ref T c3)
    {
        T x = T.Broadcast(*a);
        c0 = T.Fma(x, n0, c0);
        c1 = T.Fma(x, n1, c1);
        c2 = T.Fma(x, n2, c2);
        c3 = T.Fma(x, n3, c3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(T number, float* a, nint stride, ref T c0, ref T c1)
    {
        c0 = T.Fma(T.Broadcast(*a), number, c0);
        c1 = T.Fma(T.Broadcast(a[stride]), number, c1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(T number, float* a, nint stride, ref T c0, ref T c1, ref T c2, ref T c3)
    {
        c0 = T.Fma(T.Broadcast(*a), number, c0);
        c1 = T.Fma(T.Broadcast(a[stride]), number, c1);
        c2 = T.Fma(T.Broadcast(a[2 * stride]), number, c2);
        c3 = T.Fma(T.Broadcast(a[3 * stride]), number, c3);
    }
}
