using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>A job over rows of a product, each run behind what the row's adapter adds to it: in one parallel region, while the row is in the nearest cache.</summary>
/// <param name="rowsPerItem">Of the job.</param>
internal readonly struct AfterLora<T, TJob>(LoraJob<T> lora, TJob job, int rowsPerItem, int rows) : IJob
    where T : unmanaged, ILanes<T>
    where TJob : struct, IJob
{
    public void Run(int item, int worker)
    {
        lora.Update(item * rowsPerItem, Math.Min(rows, (item + 1) * rowsPerItem), worker);
        job.Run(item, worker);
    }
}
