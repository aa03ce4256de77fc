using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>Memory of partial results where a few sequences' partitions are spread over the threads.</summary>
internal static class AttentionPartials
{
    /// <summary>Most bytes that <see cref="AttentionPartitions{T}"/> takes: of as many sequences as leave threads idle, each of the longest length.</summary>
    public static long Bytes(ComputePool pool, int heads, KvLayout layout, int sequences, int positions)
    {
        // At least a head tile for each key head.
        int items = MaxItems(pool), few = Math.Min(sequences, items / layout.KvHeads), partitions = (positions + AttentionScratch.Partition - 1) / AttentionScratch.Partition;
        if (partitions < 2) return 0;
        return ((long)few * heads * partitions * PartialFloats(layout) * sizeof(float)) + ((long)items * sizeof(int));
    }

    /// <summary>More head tiles than these keep all threads busy by themselves.</summary>
    public static int MaxItems(ComputePool pool) => (4 * pool.Workers) - 1;

    /// <summary>Weighted values of a head, their maximum and their sum.</summary>
    public static int PartialFloats(KvLayout layout) => layout.PaddedHeadSize + 2;
}
