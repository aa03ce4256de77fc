namespace Quire.Engine;

/// <summary>Limits and policy of the scheduler; names and meanings are vLLM's.</summary>
public sealed record SchedulerOptions
{
    /// <summary>--max-num-seqs: sequences that run at once.</summary>
    public int MaxSequences { get; init; } = 256;

    /// <summary>--max-num-batched-tokens: token budget of a step.</summary>
    public int MaxBatchedTokens { get; init; } = 2048;

    /// <summary>--max-model-len: longest sequence, prompt and output.</summary>
    public required int MaxModelLength { get; init; }

    /// <summary>Tokens of a KV block; the executors ask for 16.</summary>
    public int BlockTokens { get; init; } = 16;

    /// <summary>Block ids, the null block included.</summary>
    public required int Blocks { get; init; }

    /// <summary>One entry per KV group: tokens that its layers see, 0 for all.</summary>
    public IReadOnlyList<int> GroupWindows { get; init; } = [0];

    /// <summary>Tokens after which recurrent layers' states are kept, a multiple of <see cref="BlockTokens"/>; 0 where no layer is recurrent.</summary>
    public int StateInterval { get; init; }

    /// <summary>Slots of such states, the null slot included.</summary>
    public int StateSlots { get; init; }

    /// <summary>--long-prefill-token-threshold: tokens that one long prompt may take of a step while others wait; 0 is off.</summary>
    public int LongPrefillThreshold { get; init; }

    /// <summary>--enable-chunked-prefill.</summary>
    public bool ChunkedPrefill { get; init; } = true;

    /// <summary>--enable-prefix-caching.</summary>
    public bool PrefixCaching { get; init; } = true;

    /// <summary>--scheduling-policy: fcfs or priority.</summary>
    public string Policy { get; init; } = "fcfs";

    /// <summary>Draft tokens per step that a drafter proposes at most.</summary>
    public int SpeculativeTokens { get; init; }

    /// <summary>Different adapters in one step; 0 does not count them.</summary>
    public int MaxAdapters { get; init; }

    /// <summary>Requests want a row each and no tokens.</summary>
    public bool Pools { get; init; }

    /// <summary>--scheduler-reserve-full-isl: a sequence is admitted only if all of its tokens fit, not only the next piece.</summary>
    public bool ReserveFullPrompt { get; init; } = true;

    /// <summary>--watermark: share of the blocks that stays free when sequences are admitted beside running ones.</summary>
    public double Watermark { get; init; }

    /// <summary>The model's end-of-sequence ids.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];
}
