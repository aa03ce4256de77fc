using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Gating;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Where a product's sums go, and what is added to them: bias, then residual, for vectors and remainders alike.</summary>
/// <param name="output">[rows, stride] f32; columns of this product start at it.</param>
/// <param name="stride">Elements between rows of output and residual.</param>
/// <param name="columns">Columns of this product; of a gated one, those of its output.</param>
/// <param name="bias">[columns], of a gated product twice as many; or null.</param>
/// <param name="residual">Laid out as output, may be it, or null; a gated product has none.</param>
/// <param name="factor">Multiplies the sums before anything is added.</param>
/// <param name="gate">The product is [gate | up], and activation(gate) * up is written.</param>
internal readonly unsafe struct ProductOutput(float* output, long stride, int columns, float* bias, float* residual, float factor = 1, Activation? gate = null)
{
    public bool IsGated => gate is not null;

    /// <summary>Writes a panel of <see cref="OutputPanels"/>.</summary>
    /// <param name="sums">[count][<see cref="OutputPanels.SumColumns"/>]; spent where gated.</param>
    public void Finish<T>(float* sums, int firstRow, int count, int panel) where T : unmanaged, ILanes<T>
    {
        if (gate is { } activation) FinishGated<T>(sums, firstRow, count, panel * OutputPanels.SumColumns / 2, activation);
        else Finish<T>(sums, OutputPanels.SumColumns, firstRow, count, panel * OutputPanels.SumColumns, OutputPanels.SumColumns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FinishGated<T>(float* sums, int firstRow, int count, int firstColumn, Activation activation) where T : unmanaged, ILanes<T>
    {
        const int width = OutputPanels.SumColumns / 2;
        for (int row = 0; row < count; row++, sums += OutputPanels.SumColumns)
        {
            for (int column = 0; column < OutputPanels.SumColumns && (factor != 1 || bias != null); column += 16)
            {
                T value = T.Load(sums + column);
                if (factor != 1) value *= T.Broadcast(factor);
                if (bias != null) value += T.Load(bias + firstColumn + (column < width ? column : columns + column - width));
                T.Store(sums + column, value);
            }
            GatedActivationRow<T>.Apply(output + ((firstRow + row) * stride) + firstColumn, sums, sums + width, width, activation);
        }
    }

    /// <summary>Writes sums of a product without a gate.</summary>
    /// <param name="sums">[count][sumStride]</param>
    /// <param name="width">Columns of the panel; those past the product's last are dropped.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
