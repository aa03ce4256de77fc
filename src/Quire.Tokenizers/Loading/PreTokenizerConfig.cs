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
        var other => throw config.NotSupported($"the type \"{other}\""),
    };

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
