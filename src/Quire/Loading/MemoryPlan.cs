using Quire.Engine;
using Quire.Models;
using Quire.Tensors;

namespace Quire;

/// <summary>What a loaded model takes of the machine's memory, decided before KV blocks are allocated.</summary>
/// <param name="WeightBytes">Packed weights and tables.</param>
/// <param name="WorkspaceBytes">Activations and logits of the largest step.</param>
/// <param name="BlockBytes">One KV block of 16 tokens over all layers.</param>
/// <param name="Blocks">KV blocks, the null block included.</param>
/// <param name="MaxModelLength">Longest sequence.</param>
/// <param name="ModelMaxLength">Longest sequence that the model was made for.</param>
/// <param name="Groups">KV groups: a full sequence takes its blocks once per group.</param>
public sealed record MemoryPlan(long WeightBytes, long WorkspaceBytes, long BlockBytes, int Blocks, int MaxModelLength, int ModelMaxLength, int Groups)
{
    /// <summary>Bytes of all KV blocks.</summary>
    public long KvBytes => Blocks * BlockBytes;

    /// <summary>Tokens that the blocks hold.</summary>
    public long KvTokens => (long)(Blocks - 1) / Groups * KvLayout.BlockTokens;

    /// <summary>Requests of the longest length that fit at once.</summary>
    public double Concurrency => (double)KvTokens / MaxModelLength;

    /// <summary>Chooses block count and longest sequence.</summary>
    /// <param name="batched">Tokens of a step.</param>
    /// <param name="memory">Bytes of the machine or its cgroup.</param>
    /// <exception cref="QuireException">Not even one sequence of the asked length, or of one block, fits.</exception>
    internal static MemoryPlan Decide(ModelSpec model, KvPlan kv, QuireOptions options, int batched, long weightBytes, long workspaceBytes, long memory)
    {
        int groups = kv.Groups.Count;
        int wanted = options.MaxModelLength ?? model.MaxPositions;
        // More blocks than all sequences of a step can fill would never be used.
        long useful = ((long)BlocksFor(wanted) * groups * options.MaxSequences) + 1;
        // What one step's sequences fill, where nothing is kept from step to step.
        if (kv.IsScratch) useful = Math.Min(useful, BlocksFor(batched) + options.MaxSequences + 1);
        long budget = options.KvCacheBytes ?? (long)(memory * options.MemoryUtilization) - weightBytes - workspaceBytes;
        long fitting = Math.Max(0, budget / kv.BlockBytes);
        int blocks = options.Blocks ?? (int)Math.Min(int.MaxValue / 32, Math.Min(useful, fitting));
        int longest = (int)Math.Min(wanted, (long)Math.Max(0, blocks - 1) / groups * KvLayout.BlockTokens);
        if (longest < 1)
        {
            throw new QuireException(ErrorKind.InvalidRequest,
                $"After {Size(weightBytes)} of weights and {Size(workspaceBytes)} of workspace no KV block of {Size(kv.BlockBytes)} fits into the memory budget; "
                + "raise --gpu-memory-utilization or --kv-cache-memory-bytes, or lower --max-num-batched-tokens.");
        }
        if (options.MaxModelLength is { } asked && longest < asked)
        {
            throw new QuireException(ErrorKind.InvalidRequest,
                $"A sequence of --max-model-len {asked} needs {Size((long)BlocksFor(asked) * groups * kv.BlockBytes)} of KV cache; {Size(blocks * kv.BlockBytes)} are left. "
                + $"--max-model-len {longest} fits, or raise --gpu-memory-utilization or --kv-cache-memory-bytes.", param: "max-model-len");
        }
        return new MemoryPlan(weightBytes, workspaceBytes, kv.BlockBytes, blocks, longest, model.MaxPositions, groups);
    }

    /// <summary>For people, one fact a line.</summary>
    public string Describe() => string.Join(Environment.NewLine,
        $"weights    {Size(WeightBytes)}",
        $"workspace  {Size(WorkspaceBytes)}",
        $"KV cache   {Size(KvBytes)}: {Blocks - 1} blocks of 16 tokens ({Size(BlockBytes)} each), {KvTokens} tokens",
        $"context    {MaxModelLength} tokens" + (MaxModelLength < ModelMaxLength ? $" (the model could do {ModelMaxLength})" : ""),
        $"at once    {Concurrency:0.0} requests of that length");

    internal static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):0.00} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):0.0} MiB",
        _ => $"{bytes / 1024.0:0.0} KiB",
    };

    private static int BlocksFor(int tokens) => (tokens + KvLayout.BlockTokens - 1) / KvLayout.BlockTokens;
}
