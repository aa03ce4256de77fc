namespace Quire.Tokenizers;

/// <summary>The switches of a BPE model, under their names in tokenizer.json.</summary>
internal sealed record BpeOptions
{
    public string? UnknownToken { get; init; }

    /// <summary>Written before every symbol but the first.</summary>
    public string ContinuingSubwordPrefix { get; init; } = "";

    /// <summary>Written after the last symbol.</summary>
    public string EndOfWordSuffix { get; init; } = "";

    /// <summary>Neighbouring unknown symbols are one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>An unknown character becomes its bytes, <c>&lt;0x0A&gt;</c>, if all of them are in the vocabulary.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>A piece that is itself in the vocabulary is one token, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }
}
