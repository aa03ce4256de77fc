using Quire.Engine;
using Quire.Models;
using Quire.Tensors;

namespace Quire;

/// <summary>What a loaded model takes of the machine's memory, decided before KV blocks are allocated.</summary>
/// <param name="WeightBytes">Packed weights and tables.</param>
/// <param name="WorkspaceBytes">Activations, logits and arrays of the largest step, with what the device takes for itself: rounded activations, rows sorted by expert.</param>
/// <param name="BlockBytes">One KV block of 16 tokens over all layers.</param>
/// <param name="Blocks">KV blocks, the null block included.</param>
/// <param name="MaxModelLength">Longest sequence.</param>
/// <param name="ModelMaxLength">Longest sequence that the model was made for.</param>
/// <param name="Groups">KV groups: a full sequence takes its blocks once per group.</param>
public sealed record MemoryPlan(long WeightBytes, long WorkspaceBytes, long BlockBytes, int Blocks, int MaxModelLength, int ModelMaxLength, int Groups)
{
    /// <summary>What of the workspace the device takes for itself, while steps grow to the largest.</summary>
    public long ScratchBytes { get; init; }

    /// <summary>What adapters of the largest rank may take, as many as are kept in memory; 0 where adapters are not enabled.</summary>
    public long AdapterBytes { get; init; }

    /// <summary>Slots of recurrent layers' states, the null slot included; 0 where there are none.</summary>
    public int StateSlots { get; init; }

    /// <summary>Bytes of one such slot.</summary>
    public long StateSlotBytes { get; init; }

    /// <summary>Tokens of a slot.</summary>
    public int StateInterval { get; init; }

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
        long adapterBytes = AdapterBytesOf(model, options, kv.Layouts.Any(layout => layout.Type == DType.F32));
        // More blocks than all sequences of a step can fill would never be used.
        long useful = ((long)BlocksFor(wanted) * groups * options.MaxSequences) + 1;
        // What one step's sequences fill, where nothing is kept from step to step.
        if (kv.IsScratch) useful = Math.Min(useful, BlocksFor(batched) + options.MaxSequences + 1);
        long budget = options.KvCacheBytes ?? (long)(memory * options.MemoryUtilization) - weightBytes - workspaceBytes - adapterBytes;
        int slots = kv.States is { } states ? StateSlotsFor(states, options, batched, useful / groups * KvLayout.BlockTokens, budget) : 0;
        budget -= slots * (kv.States?.SlotBytes ?? 0);
        long fitting = Math.Max(0, budget / kv.BlockBytes);
        int blocks = options.Blocks ?? (int)Math.Min(int.MaxValue / 32, Math.Min(useful, fitting));
        int longest = (int)Math.Min(wanted, (long)Math.Max(0, blocks - 1) / groups * KvLayout.BlockTokens);
        // An admitted sequence has a slot for each of its intervals, and goes on from the one before.
        if (kv.States is { } own) longest = (int)Math.Min(longest, (slots - 2L) * own.Interval);
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
        return new MemoryPlan(weightBytes, workspaceBytes, kv.BlockBytes, blocks, longest, model.MaxPositions, groups)
        {
            AdapterBytes = adapterBytes,
            StateSlots = slots,
            StateSlotBytes = kv.States?.SlotBytes ?? 0,
            StateInterval = kv.States?.Interval ?? 0,
        };
    }

    // An A and a B for each projection that adapters can change; f32 adapters stay f32 where keys and values are f32, and are rounded to bf16 elsewhere.
    private static long AdapterBytesOf(ModelSpec model, QuireOptions options, bool isF32)
    {
        if (!options.EnableLora) return 0;
        long columns = 0;
        foreach (LayerSpec layer in model.Layers)
        {
            long hidden = model.HiddenSize, middle = layer.Mlp.IntermediateSize;
            if (layer.Attention is { } attention)
            {
                long keys = (long)attention.KvHeads * attention.HeadSize;
                columns += hidden + attention.OutputInputs;
                if (attention is { Latent: null, GatesOutput: false }) columns += (3 * hidden) + ((long)attention.Heads * attention.HeadSize) + (2 * keys);
            }
            if (layer.Moe is null) columns += (layer.Mlp.IsGated ? 2 : 1) * (hidden + middle) + hidden + middle;
        }
        return columns * options.MaxLoraRank * (isF32 ? sizeof(float) : sizeof(ushort)) * Math.Max(options.MaxLoras, options.MaxCpuLoras ?? options.MaxLoras);
    }

    // States take at most half of the budget, since an interval's keys and values take as much as its state; and no more slots than all sequences could fill:
    // one for each interval that the blocks hold, and two for each sequence that runs.
    private static int StateSlotsFor(StatePlan states, QuireOptions options, int batched, long tokens, long budget)
    {
        long useful = (tokens / states.Interval) + (2L * options.MaxSequences) + 1, fitting = Math.Max(0, budget / 2 / states.SlotBytes);
        // A step's prompt may cross as many intervals at once.
        long least = (batched / states.Interval) + 3;
        if (fitting < least)
        {
            throw new QuireException(ErrorKind.InvalidRequest,
                $"{least} states of recurrent layers of {Size(states.SlotBytes)} do not fit into half of {Size(Math.Max(0, budget))}; raise --gpu-memory-utilization or --kv-cache-memory-bytes, or lower --max-num-batched-tokens.");
        }
        return (int)Math.Min(useful, fitting);
    }

    /// <summary>For people, one fact a line.</summary>
    public string Describe() => string.Join(Environment.NewLine,
        $"weights    {Size(WeightBytes)}",
        $"workspace  {Size(WorkspaceBytes)}" + (ScratchBytes == 0 ? "" : $", {Size(ScratchBytes)} of it for rows that are rounded or sorted by expert, as steps need it") + (AdapterBytes == 0 ? "" : $"{Environment.NewLine}adapters   {Size(AdapterBytes)} at most"),
        $"KV cache   {Size(KvBytes)}: {Blocks - 1} blocks of 16 tokens ({Size(BlockBytes)} each), {KvTokens} tokens"
            + (StateSlots == 0 ? "" : $"{Environment.NewLine}states     {Size(StateSlots * StateSlotBytes)}: {StateSlots - 1} slots of {StateInterval} tokens ({Size(StateSlotBytes)} each)"),
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
