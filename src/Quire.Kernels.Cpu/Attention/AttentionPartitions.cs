using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>Attention of a few long sequences with one row each: their partitions are spread over the threads. One item is a partition of a sequence's head tile;
/// who finishes a head's last partition merges them in order, so that the bits are those of <see cref="AttentionJob{T}"/> alone.</summary>
/// <param name="partials">[sequences * head tiles][partitions] partial results.</param>
/// <param name="finished">[sequences * head tiles] counters, zero.</param>
internal readonly unsafe struct AttentionPartitions<T>(AttentionJob<T> attention, int heads, int partitions, float* partials, int* finished) : IJob
    where T : unmanaged, ILanes<T>
{
    /// <summary>Partitions of the longest sequence if spreading them pays: too few heads to keep the threads busy, and more than one partition. Else 0.</summary>
    public static int Count(ComputePool pool, in AttentionJob<T> attention)
    {
        int items = attention.SingleRowItems, longest = 0;
        if (items == 0 || items > AttentionPartials.MaxItems(pool)) return 0;
        for (int sequence = 0; sequence < items / attention.HeadTiles; sequence++)
            if (!attention.IsPadding(sequence)) longest = Math.Max(longest, attention.Partitions(sequence).End);
        return longest > 1 ? longest : 0;
    }

    public static long Bytes(in AttentionJob<T> attention, int partitions) =>
        attention.SingleRowItems * ((partitions * (long)attention.PartialFloats * sizeof(float)) + sizeof(int));

    public int Items => heads * partitions;

    public void Run(int item, int worker)
    {
        int head = item / partitions, partition = item % partitions, sequence = head / attention.HeadTiles, headTile = head % attention.HeadTiles;
        if (attention.IsPadding(sequence))
        {
            if (partition == 0) attention.Clear(sequence, headTile);
            return;
        }
        (int first, int end) = attention.Partitions(sequence);
        if (partition < first || partition >= end) return;
        nint stride = attention.PartialFloats;
        float* own = partials + (head * partitions * stride);
        attention.Attend(sequence, headTile, partition, worker, own + (partition * stride));
        if (Interlocked.Increment(ref finished[head]) == end - first)
            attention.Merge(sequence, headTile, end - first, own + (first * stride), stride);
    }
}
