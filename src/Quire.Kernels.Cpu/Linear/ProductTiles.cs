using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Register tiles of the product: c[row][16 j + lane] += sum over k of a[row][k] * b[j][k][lane].</summary>
/// <remarks>Every element is one chain of multiply-adds along k, whatever the tile's shape: that is why a row's bits do not depend on how many rows
/// share its product, on the instruction set, or on where k was cut (the chain goes on from c). Sizes are chosen so that accumulators, operands and
/// one broadcast fit the registers, and so that a single row still has four independent chains. The kernels are compiled once, fully: profile-guided
/// tiering was measured to make the one-row tile four times slower.</remarks>
internal static unsafe class ProductTiles<T>
    where T : unmanaged, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6Tiles4(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int count)
    {
        T c00 = T.Load(c), c01 = T.Load(c + 16), c02 = T.Load(c + 32), c03 = T.Load(c + 48);
        T c10 = T.Load(c + cStride), c11 = T.Load(c + cStride + 16), c12 = T.Load(c + cStride + 32), c13 = T.Load(c + cStride + 48);
        T c20 = T.Load(c + (2 * cStride)), c21 = T.Load(c + (2 * cStride) + 16), c22 = T.Load(c + (2 * cStride) + 32), c23 = T.Load(c + (2 * cStride) + 48);
        T c30 = T.Load(c + (3 * cStride)), c31 = T.Load(c + (3 * cStride) + 16), c32 = T.Load(c + (3 * cStride) + 32), c33 = T.Load(c + (3 * cStride) + 48);
        T c40 = T.Load(c + (4 * cStride)), c41 = T.Load(c + (4 * cStride) + 16), c42 = T.Load(c + (4 * cStride) + 32), c43 = T.Load(c + (4 * cStride) + 48);
        T c50 = T.Load(c + (5 * cStride)), c51 = T.Load(c + (5 * cStride) + 16), c52 = T.Load(c + (5 * cStride) + 32), c53 = T.Load(c + (5 * cStride) + 48);
        float* a3 = a + (3 * aStride);
        for (int k = 0; k < count; k++, b += 16)
        {
            T b0 = T.Load(b), b1 = T.Load(b + bStride), b2 = T.Load(b + (2 * bStride)), b3 = T.Load(b + (3 * bStride));
            T x = T.Broadcast(a[k]);
            c00 = T.Fma(x, b0, c00); c01 = T.Fma(x, b1, c01); c02 = T.Fma(x, b2, c02); c03 = T.Fma(x, b3, c03);
            x = T.Broadcast(a[aStride + k]);
            c10 = T.Fma(x, b0, c10); c11 = T.Fma(x, b1, c11); c12 = T.Fma(x, b2, c12); c13 = T.Fma(x, b3, c13);
            x = T.Broadcast(a[(2 * aStride) + k]);
            c20 = T.Fma(x, b0, c20); c21 = T.Fma(x, b1, c21); c22 = T.Fma(x, b2, c22); c23 = T.Fma(x, b3, c23);
            x = T.Broadcast(a3[k]);
            c30 = T.Fma(x, b0, c30); c31 = T.Fma(x, b1, c31); c32 = T.Fma(x, b2, c32); c33 = T.Fma(x, b3, c33);
            x = T.Broadcast(a3[aStride + k]);
            c40 = T.Fma(x, b0, c40); c41 = T.Fma(x, b1, c41); c42 = T.Fma(x, b2, c42); c43 = T.Fma(x, b3, c43);
            x = T.Broadcast(a3[(2 * aStride) + k]);
            c50 = T.Fma(x, b0, c50); c51 = T.Fma(x, b1, c51); c52 = T.Fma(x, b2, c52); c53 = T.Fma(x, b3, c53);
        }
        T.Store(c, c00);
        T.Store(c + 16, c01);
        T.Store(c + 32, c02);
        T.Store(c + 48, c03);
        T.Store(c + cStride, c10);
        T.Store(c + cStride + 16, c11);
        T.Store(c + cStride + 32, c12);
        T.Store(c + cStride + 48, c13);
        T.Store(c + (2 * cStride), c20);
        T.Store(c + (2 * cStride) + 16, c21);
        T.Store(c + (2 * cStride) + 32, c22);
        T.Store(c + (2 * cStride) + 48, c23);
        T.Store(c + (3 * cStride), c30);
        T.Store(c + (3 * cStride) + 16, c31);
        T.Store(c + (3 * cStride) + 32, c32);
        T.Store(c + (3 * cStride) + 48, c33);
        T.Store(c + (4 * cStride), c40);
        T.Store(c + (4 * cStride) + 16, c41);
        T.Store(c + (4 * cStride) + 32, c42);
        T.Store(c + (4 * cStride) + 48, c43);
        T.Store(c + (5 * cStride), c50);
        T.Store(c + (5 * cStride) + 16, c51);
        T.Store(c + (5 * cStride) + 32, c52);
        T.Store(c + (5 * cStride) + 48, c53);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4Tiles4(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int count)
    {
        T c00 = T.Load(c), c01 = T.Load(c + 16), c02 = T.Load(c + 32), c03 = T.Load(c + 48);
        T c10 = T.Load(c + cStride), c11 = T.Load(c + cStride + 16), c12 = T.Load(c + cStride + 32), c13 = T.Load(c + cStride + 48);
        T c20 = T.Load(c + (2 * cStride)), c21 = T.Load(c + (2 * cStride) + 16), c22 = T.Load(c + (2 * cStride) + 32), c23 = T.Load(c + (2 * cStride) + 48);
        T c30 = T.Load(c + (3 * cStride)), c31 = T.Load(c + (3 * cStride) + 16), c32 = T.Load(c + (3 * cStride) + 32), c33 = T.Load(c + (3 * cStride) + 48);
        float* a3 = a + (3 * aStride);
        for (int k = 0; k < count; k++, b += 16)
        {
            T b0 = T.Load(b), b1 = T.Load(b + bStride), b2 = T.Load(b + (2 * bStride)), b3 = T.Load(b + (3 * bStride));
            T x = T.Broadcast(a[k]);
            c00 = T.Fma(x, b0, c00); c01 = T.Fma(x, b1, c01); c02 = T.Fma(x, b2, c02); c03 = T.Fma(x, b3, c03);
            x = T.Broadcast(a[aStride + k]);
            c10 = T.Fma(x, b0, c10); c11 = T.Fma(x, b1, c11); c12 = T.Fma(x, b2, c12); c13 = T.Fma(x, b3, c13);
            x = T.Broadcast(a[(2 * aStride) + k]);
            c20 = T.Fma(x, b0, c20); c21 = T.Fma(x, b1, c21); c22 = T.Fma(x, b2, c22); c23 = T.Fma(x, b3, c23);
            x = T.Broadcast(a3[k]);
            c30 = T.Fma(x, b0, c30); c31 = T.Fma(x, b1, c31); c32 = T.Fma(x, b2, c32); c33 = T.Fma(x, b3, c33);
        }
        T.Store(c, c00);
        T.Store(c + 16, c01);
        T.Store(c + 32, c02);
        T.Store(c + 48, c03);
        T.Store(c + cStride, c10);
        T.Store(c + cStride + 16, c11);
        T.Store(c + cStride + 32, c12);
        T.Store(c + cStride + 48, c13);
        T.Store(c + (2 * cStride), c20);
        T.Store(c + (2 * cStride) + 16, c21);
        T.Store(c + (2 * cStride) + 32, c22);
        T.Store(c + (2 * cStride) + 48, c23);
        T.Store(c + (3 * cStride), c30);
        T.Store(c + (3 * cStride) + 16, c31);
        T.Store(c + (3 * cStride) + 32, c32);
        T.Store(c + (3 * cStride) + 48, c33);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2Tiles4(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int count)
    {
        T c00 = T.Load(c), c01 = T.Load(c + 16), c02 = T.Load(c + 32), c03 = T.Load(c + 48);
        T c10 = T.Load(c + cStride), c11 = T.Load(c + cStride + 16), c12 = T.Load(c + cStride + 32), c13 = T.Load(c + cStride + 48);
        for (int k = 0; k < count; k++, b += 16)
        {
            T b0 = T.Load(b), b1 = T.Load(b + bStride), b2 = T.Load(b + (2 * bStride)), b3 = T.Load(b + (3 * bStride));
            T x = T.Broadcast(a[k]);
            c00 = T.Fma(x, b0, c00); c01 = T.Fma(x, b1, c01); c02 = T.Fma(x, b2, c02); c03 = T.Fma(x, b3, c03);
            x = T.Broadcast(a[aStride + k]);
            c10 = T.Fma(x, b0, c10); c11 = T.Fma(x, b1, c11); c12 = T.Fma(x, b2, c12); c13 = T.Fma(x, b3, c13);
        }
        T.Store(c, c00);
        T.Store(c + 16, c01);
        T.Store(c + 32, c02);
        T.Store(c + 48, c03);
        T.Store(c + cStride, c10);
        T.Store(c + cStride + 16, c11);
        T.Store(c + cStride + 32, c12);
        T.Store(c + cStride + 48, c13);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1Tiles4(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int count)
    {
        T c00 = T.Load(c), c01 = T.Load(c + 16), c02 = T.Load(c + 32), c03 = T.Load(c + 48);
        for (int k = 0; k < count; k++, b += 16)
        {
            T b0 = T.Load(b), b1 = T.Load(b + bStride), b2 = T.Load(b + (2 * bStride)), b3 = T.Load(b + (3 * bStride));
            T x = T.Broadcast(a[k]);
            c00 = T.Fma(x, b0, c00); c01 = T.Fma(x, b1, c01); c02 = T.Fma(x, b2, c02); c03 = T.Fma(x, b3, c03);
        }
        T.Store(c, c00);
        T.Store(c + 16, c01);
        T.Store(c + 32, c02);
        T.Store(c + 48, c03);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6Tiles1(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int count)
    {
        T c00 = T.Load(c);
        T c10 = T.Load(c + cStride);
        T c20 = T.Load(c + (2 * cStride));
        T c30 = T.Load(c + (3 * cStride));
        T c40 = T.Load(c + (4 * cStride));
        T c50 = T.Load(c + (5 * cStride));
        float* a3 = a + (3 * aStride);
        for (int k = 0; k < count; k++, b += 16)
        {
            T b0 = T.Load(b);
            c00 = T.Fma(T.Broadcast(a[k]), b0, c00);
            c10 = T.Fma(T.Broadcast(a[aStride + k]), b0, c10);
            c20 = T.Fma(T.Broadcast(a[(2 * aStride) + k]), b0, c20);
            c30 = T.Fma(T.Broadcast(a3[k]), b0, c30);
            c40 = T.Fma(T.Broadcast(a3[aStride + k]), b0, c40);
            c50 = T.Fma(T.Broadcast(a3[(2 * aStride) + k]), b0, c50);
        }
        T.Store(c, c00);
        T.Store(c + cStride, c10);
        T.Store(c + (2 * cStride), c20);
        T.Store(c + (3 * cStride), c30);
        T.Store(c + (4 * cStride), c40);
        T.Store(c + (5 * cStride), c50);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4Tiles1(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int count)
    {
        T c00 = T.Load(c);
        T c10 = T.Load(c + cStride);
        T c20 = T.Load(c + (2 * cStride));
        T c30 = T.Load(c + (3 * cStride));
        float* a3 = a + (3 * aStride);
        for (int k = 0; k < count; k++, b += 16)
        {
            T b0 = T.Load(b);
            c00 = T.Fma(T.Broadcast(a[k]), b0, c00);
            c10 = T.Fma(T.Broadcast(a[aStride + k]), b0, c10);
            c20 = T.Fma(T.Broadcast(a[(2 * aStride) + k]), b0, c20);
            c30 = T.Fma(T.Broadcast(a3[k]), b0, c30);
        }
        T.Store(c, c00);
        T.Store(c + cStride, c10);
        T.Store(c + (2 * cStride), c20);
        T.Store(c + (3 * cStride), c30);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2Tiles1(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int count)
    {
        T c00 = T.Load(c);
        T c10 = T.Load(c + cStride);
        for (int k = 0; k < count; k++, b += 16)
        {
            T b0 = T.Load(b);
            c00 = T.Fma(T.Broadcast(a[k]), b0, c00);
            c10 = T.Fma(T.Broadcast(a[aStride + k]), b0, c10);
        }
        T.Store(c, c00);
        T.Store(c + cStride, c10);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1Tiles1(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int count)
    {
        T c00 = T.Load(c);
        for (int k = 0; k < count; k++, b += 16)
        {
            T b0 = T.Load(b);
            c00 = T.Fma(T.Broadcast(a[k]), b0, c00);
        }
        T.Store(c, c00);
    }
}
