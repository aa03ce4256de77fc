using System.Buffers;

namespace Quire.Kernels.Cpu.Threading;

/// <summary>Jobs of one kind run as one: their items lie behind each other in a single parallel region, so that many small jobs cost one start and share the threads.</summary>
internal struct JobGroup<TJob>(int capacity) : IJob
    where TJob : struct, IJob
{
    private readonly TJob[] jobs = ArrayPool<TJob>.Shared.Rent(capacity);

    // Items up to each job's last.
    private readonly int[] ends = ArrayPool<int>.Shared.Rent(capacity);
    private int count;

    public void Add(in TJob job, int items)
    {
        ends[count] = (count == 0 ? 0 : ends[count - 1]) + items;
        jobs[count++] = job;
    }

    public readonly void Run(int item, int worker)
    {
        int low = 0, high = count - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (item < ends[middle]) high = middle;
            else low = middle + 1;
        }
        jobs[low].Run(item - (low == 0 ? 0 : ends[low - 1]), worker);
    }

    /// <summary>Runs all jobs; the group is spent.</summary>
    public void RunOn(ComputePool pool)
    {
        if (count > 0) pool.Run(ref this, ends[count - 1]);
        ArrayPool<TJob>.Shared.Return(jobs, clearArray: true);
        ArrayPool<int>.Shared.Return(ends);
    }
}
