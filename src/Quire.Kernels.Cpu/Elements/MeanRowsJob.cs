using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Elements;

/// <summary>Means of runs of rows, summed in double precision in the order of rows. One item is a run of columns of one mean.</summary>
/// <param name="starts">First row of each run; the next entry is the row after its last.</param>
internal readonly unsafe struct MeanRowsJob(float* output, float* input, int* starts, int runs, int columns) : IJob
{
    private const int PerItem = 64;

    private int Pieces => (columns + PerItem - 1) / PerItem;

    public int Items => runs * Pieces;

    public void Run(int item, int worker)
    {
        int run = item / Pieces, first = item % Pieces * PerItem, count = Math.Min(PerItem, columns - first);
        double* sums = stackalloc double[PerItem];
        for (int row = starts[run]; row < starts[run + 1]; row++)
        {
            float* values = input + ((long)row * columns) + first;
            for (int i = 0; i < count; i++) sums[i] += values[i];
        }
        float* mean = output + ((long)run * columns) + first;
        for (int i = 0; i < count; i++) mean[i] = (float)(sums[i] / (starts[run + 1] - starts[run]));
    }
}
