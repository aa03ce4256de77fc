using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Elements;

/// <summary>One row of each run of rows; sums are in double precision, in the order of rows. One item is a run of columns of one result.</summary>
/// <param name="starts">First row of each run; the next entry is the row after its last.</param>
internal readonly unsafe struct PoolRowsJob(float* output, float* input, int* starts, int runs, int columns, RowPooling pooling) : IJob
{
    private const int PerItem = 64;

    private int Pieces => (columns + PerItem - 1) / PerItem;

    public int Items => runs * Pieces;

    public void Run(int item, int worker)
    {
        int run = item / Pieces, first = item % Pieces * PerItem, count = Math.Min(PerItem, columns - first);
        float* values = input + ((long)starts[run] * columns) + first, pooled = output + ((long)run * columns) + first;
        int rows = starts[run + 1] - starts[run];
        if (pooling == RowPooling.Max) Max(pooled, values, rows, count);
        else Sum(pooled, values, rows, count);
    }

    private void Max(float* pooled, float* values, int rows, int count)
    {
        for (int i = 0; i < count; i++) pooled[i] = values[i];
        for (int row = 1; row < rows; row++)
        {
            values += columns;
            for (int i = 0; i < count; i++) pooled[i] = Math.Max(pooled[i], values[i]);
        }
    }

    private void Sum(float* pooled, float* values, int rows, int count)
    {
        double* sums = stackalloc double[PerItem];
        for (int row = 0; row < rows; row++, values += columns)
        {
            double weight = pooling == RowPooling.WeightedMean ? row + 1 : 1;
            for (int i = 0; i < count; i++) sums[i] += weight * values[i];
        }
        double divisor = pooling switch
        {
            RowPooling.WeightedMean => rows * (rows + 1.0) / 2,
            RowPooling.SumByRootLength => Math.Sqrt(rows),
            _ => rows,
        };
        for (int i = 0; i < count; i++) pooled[i] = (float)(sums[i] / divisor);
    }
}
