namespace Quire.Tokenizers;

/// <summary>Reads <c>normalizer</c>.</summary>
internal static class NormalizerConfig
{
    public static Normalizer Read(JsonConfig config) => config.Type switch
    {
        "Sequence" => new SequenceNormalizer([.. config.Objects("normalizers").Select(Read)]),
        "NFC" => new UnicodeFormNormalizer(compatible: false, composed: true),
        "NFD" => new UnicodeFormNormalizer(compatible: false, composed: false),
        "NFKC" => new UnicodeFormNormalizer(compatible: true, composed: true),
        "NFKD" => new UnicodeFormNormalizer(compatible: true, composed: false),
        "Lowercase" => new LowercaseNormalizer(),
        "Prepend" => new PrependNormalizer(config.String("prepend")),
        "Replace" => new ReplaceNormalizer(PatternConfig.Read(config), config.String("content")),
        "Strip" => new StripNormalizer(config.Bool("strip_left", true), config.Bool("strip_right", true)),
        var other => throw config.NotSupported($"the type \"{other}\""),
    };
}
