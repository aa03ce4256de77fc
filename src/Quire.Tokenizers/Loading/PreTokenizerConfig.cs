namespace Quire.Tokenizers;

/// <summary>Reads <c>pre_tokenizer</c>.</summary>
internal static class PreTokenizerConfig
{
    public static PreTokenizer Read(JsonConfig config) => config.Type switch
    {
        "Sequence" => new SequencePreTokenizer([.. config.Objects("pretokenizers").Select(Read)]),
        "ByteLevel" => new ByteLevelPreTokenizer(config.Bool("add_prefix_space", true), config.Bool("use_regex", true)),
        "Split" => new SplitPreTokenizer(PatternConfig.Read(config), Behavior(config), config.Bool("invert", false)),
        "Digits" => CharacterPreTokenizer.Digits(config.Bool("individual_digits", false)),
        "Metaspace" => new MetaspacePreTokenizer(MetaspaceConfig.Replacement(config), MetaspaceConfig.Scheme(config), config.Bool("split", true)),
        "Whitespace" => new WordRunsPreTokenizer(),
        "WhitespaceSplit" => whitespaceSplit,
        "Punctuation" => new CharacterPreTokenizer(UnicodeClass.IsPunctuation, config.Has("behavior") ? Behavior(config) : SplitBehavior.Isolated),
        "BertPreTokenizer" => Bert(),
        "CharDelimiterSplit" => new SplitPreTokenizer(SplitPattern.Literal(config.String("delimiter")), SplitBehavior.Removed, invert: false),
        "UnicodeScripts" => new ScriptRunsPreTokenizer(),
        "FixedLength" => new FixedLengthPreTokenizer(config.Int("length") is > 0 and var length ? length : throw config.Bad("has a length below 1")),
        var other => throw config.NotSupported($"the type \"{other}\""),
    };

    private static readonly CharacterPreTokenizer whitespaceSplit = new(rune => UnicodeClass.IsWhiteSpace(rune.Value), SplitBehavior.Removed);

    /// <summary>Words, and each punctuation character by itself.</summary>
    public static SequencePreTokenizer Bert() => new([whitespaceSplit, new CharacterPreTokenizer(UnicodeClass.IsPunctuation, SplitBehavior.Isolated)]);

    private static SplitBehavior Behavior(JsonConfig config) => config.String("behavior") switch
    {
        "Isolated" => SplitBehavior.Isolated,
        "Removed" => SplitBehavior.Removed,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        var other => throw config.NotSupported($"the behavior \"{other}\""),
    };
}
