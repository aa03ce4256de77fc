using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounds f32 rows to bf16 for products with codes. One item is a few rows.</summary>
/// <param name="columns">Inputs of a row.</param>
internal readonly unsafe struct BFloatRecordRounding<T>(float* input, int columns, BFloatRecords records) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int RowsPerItem = 4;

    public int Items => (records.Blocks.Rows + RowsPerItem - 1) / RowsPerItem;

    public void Run(int item, int worker)
    {
        int end = Math.Min(records.Blocks.Rows, (item + 1) * RowsPerItem);
        for (int row = item * RowsPerItem; row < end; row++) records.Store<T>(row, input + ((long)row * columns), columns);
    }
}
