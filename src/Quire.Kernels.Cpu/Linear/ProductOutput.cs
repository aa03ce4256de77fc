using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Where a product's sums go, and what is added to them: bias, then residual, for vectors and remainders alike.</summary>
/// <param name="output">[rows, stride] f32; columns of this product start at it.</param>
/// <param name="stride">Elements between rows of output and residual.</param>
/// <param name="columns">Columns of this product.</param>
/// <param name="bias">[columns] or null.</param>
/// <param name="residual">Laid out as output, may be it, or null.</param>
/// <param name="factor">Multiplies the sums before anything is added.</param>
internal readonly unsafe struct ProductOutput(float* output, long stride, int columns, float* bias, float* residual, float factor = 1)
{
    /// <summary>Writes a panel of sums.</summary>
    /// <param name="sums">[count][sumStride]</param>
    /// <param name="width">Columns of the panel; those past the product's last are dropped.</param>
    public void Finish<T>(float* sums, int sumStride, int firstRow, int count, int firstColumn, int width) where T : unmanaged, ILanes<T>
    {
        width = Math.Min(width, columns - firstColumn);
        for (int row = 0; row < count; row++, sums += sumStride)
        {
            long offset = ((firstRow + row) * stride) + firstColumn;
            int column = 0;
            for (; column + 16 <= width; column += 16)
            {
                T value = T.Load(sums + column);
                if (factor != 1) value *= T.Broadcast(factor);
                if (bias != null) value += T.Load(bias + firstColumn + column);
                if (residual != null) value += T.Load(residual + offset + column);
                T.Store(output + offset + column, value);
            }
            for (; column < width; column++)
            {
                float value = factor == 1 ? sums[column] : sums[column] * factor;
                if (bias != null) value += bias[firstColumn + column];
                if (residual != null) value += residual[offset + column];
                output[offset + column] = value;
            }
        }
    }
}
