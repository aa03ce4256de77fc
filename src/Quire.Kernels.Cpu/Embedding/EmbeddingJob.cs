using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Embedding;

/// <summary>Rows of a packed table. One item is a few of them.</summary>
internal readonly unsafe struct EmbeddingJob(PackedWeight table, int* ids, int rows, float scale, float* output) : IJob
{
    private const int RowsPerItem = 4;

    public int Items => (rows + RowsPerItem - 1) / RowsPerItem;

    public void Run(int item, int worker)
    {
        for (int row = item * RowsPerItem; row < Math.Min(rows, (item + 1) * RowsPerItem); row++)
            EmbeddingRows.Copy(table, ids[row], scale, output + (row * table.InputFeatures));
    }
}
