using Quire.Tensors;

namespace Quire.Engine;

/// <summary>Sizes of an executor's memory, decided before it is made.</summary>
public sealed record ExecutorOptions
{
    /// <summary>Largest number of tokens in a step.</summary>
    public required int MaxBatchedTokens { get; init; }

    /// <summary>Largest number of sequences in a step.</summary>
    public required int MaxSequences { get; init; }

    /// <summary>Longest sequence.</summary>
    public required int MaxModelLength { get; init; }

    /// <summary>Block ids, the null block included.</summary>
    public required int Blocks { get; init; }

    /// <summary>Slots of recurrent layers' states, the null slot included; 0 where there are none.</summary>
    public int StateSlots { get; init; }

    /// <summary>Element type of keys and values.</summary>
    public required DType KvType { get; init; }

    /// <summary>The model's end-of-sequence ids: impossible before a request's minimum length.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Different adapters of a step at most.</summary>
    public int AdapterSlots { get; init; }

    /// <summary>Rows of logits that exist at once: the head runs in slices of this many.</summary>
    public int LogitsRows { get; init; } = 64;
}
