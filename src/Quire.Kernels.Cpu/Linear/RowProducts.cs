using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Any number of rows and tiles, cut into the register tiles of <see cref="ProductTiles{T}"/>.</summary>
internal static unsafe class RowProducts<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>c[row][16 j + lane] += sum over k of a[row][k] * b[j][k][lane].</summary>
    /// <param name="aStride">Elements between rows of a.</param>
    /// <param name="bStride">Elements between tiles of b; a tile is [count][16].</param>
    /// <param name="cStride">Elements between rows of c.</param>
    /// <param name="tiles">Tiles of 16 columns.</param>
    /// <param name="count">Length of the sum.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* a, nint aStride, float* b, nint bStride, float* c, nint cStride, int rows, int tiles, int count)
    {
        for (; tiles >= 4 && (T.TileColumns == 4 || rows == 1); tiles -= 4, b += 4 * bStride, c += 64)
        {
            int row = 0;
            for (; row + 6 <= rows; row += 6) ProductTiles<T>.Rows6Tiles4(a + (row * aStride), aStride, b, bStride, c + (row * cStride), cStride, count);
            if (row + 4 <= rows)
            {
                ProductTiles<T>.Rows4Tiles4(a + (row * aStride), aStride, b, bStride, c + (row * cStride), cStride, count);
                row += 4;
            }
            if (row + 2 <= rows)
            {
                ProductTiles<T>.Rows2Tiles4(a + (row * aStride), aStride, b, bStride, c + (row * cStride), cStride, count);
                row += 2;
            }
            if (row < rows) ProductTiles<T>.Rows1Tiles4(a + (row * aStride), aStride, b, bStride, c + (row * cStride), cStride, count);
        }
        for (; tiles > 0; tiles--, b += bStride, c += 16)
        {
            int row = 0;
            for (; row + 6 <= rows; row += 6) ProductTiles<T>.Rows6Tiles1(a + (row * aStride), aStride, b, bStride, c + (row * cStride), cStride, count);
            if (row + 4 <= rows)
            {
                ProductTiles<T>.Rows4Tiles1(a + (row * aStride), aStride, b, bStride, c + (row * cStride), cStride, count);
                row += 4;
            }
            if (row + 2 <= rows)
            {
                ProductTiles<T>.Rows2Tiles1(a + (row * aStride), aStride, b, bStride, c + (row * cStride), cStride, count);
                row += 2;
            }
            if (row < rows) ProductTiles<T>.Rows1Tiles1(a + (row * aStride), aStride, b, bStride, c + (row * cStride), cStride, count);
        }
    }
}
