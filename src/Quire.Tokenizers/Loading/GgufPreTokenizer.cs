namespace Quire.Tokenizers;

/// <summary>What a value of <c>tokenizer.ggml.pre</c> means: regexes applied one after the other, and some habits.</summary>
internal sealed record GgufPreTokenizer(params string[] Patterns)
{
    /// <summary>Comes before the regexes. Made when it is needed: its own are compiled.</summary>
    public Func<DigitGroupsPreTokenizer>? DigitGroups { get; init; }

    /// <summary>A piece that is itself a token is not put together from merges.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>The token that begins a text is added where the file does not say.</summary>
    public bool AddsBos { get; init; }

    /// <summary>The token that begins a text is added even where the file says otherwise: some files of these models do, and err.</summary>
    public bool AlwaysAddsBos { get; init; }

    /// <summary>Tokens are text with ▁ for spaces, not bytes.</summary>
    public bool InCharacters { get; init; }

    /// <summary>A run of line breaks is not put together from merges.</summary>
    public bool WholeLineBreaks { get; init; }

    public PreTokenizer Build()
    {
        IEnumerable<PreTokenizer> splits = Patterns.Select(pattern => new SplitPreTokenizer(SplitPattern.Oniguruma(pattern), SplitBehavior.Isolated, false));
        if (DigitGroups is not null) splits = splits.Prepend(DigitGroups());
        return new SequencePreTokenizer(InCharacters ? [.. splits] : [.. splits, new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: false)]);
    }
}
