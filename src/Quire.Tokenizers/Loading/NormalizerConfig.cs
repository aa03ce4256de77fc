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
        "StripAccents" => new CharacterNormalizer(CharacterNormalizer.WithoutMarks),
        "Nmt" => new CharacterNormalizer(CharacterNormalizer.Nmt),
        "ByteLevel" => new CharacterNormalizer(CharacterNormalizer.Bytes),
        "BertNormalizer" => Bert(config),
        "Precompiled" => new PrecompiledNormalizer(CharacterMap(config)),
        var other => throw config.NotSupported($"the type \"{other}\""),
    };

    private static SequenceNormalizer Bert(JsonConfig config)
    {
        bool lowercase = config.Bool("lowercase", true);
        return Bert(config.Bool("clean_text", true), config.Bool("handle_chinese_chars", true), config.Bool("strip_accents", lowercase), lowercase);
    }

    /// <summary>What BERT does to a text before it looks for words.</summary>
    public static SequenceNormalizer Bert(bool clean, bool spacesIdeographs, bool stripsAccents, bool lowercase)
    {
        var steps = new List<Normalizer>();
        if (clean) steps.Add(new CharacterNormalizer(CharacterNormalizer.Clean));
        if (spacesIdeographs) steps.Add(new CharacterNormalizer(CharacterNormalizer.SpacedIdeographs));
        if (stripsAccents)
        {
            steps.Add(new UnicodeFormNormalizer(compatible: false, composed: false));
            steps.Add(new CharacterNormalizer(CharacterNormalizer.WithoutNonSpacingMarks));
        }
        if (lowercase) steps.Add(new LowercaseNormalizer());
        return new SequenceNormalizer(steps);
    }

    private static CharacterMap CharacterMap(JsonConfig config)
    {
        try
        {
            return new CharacterMap(Convert.FromBase64String(config.String("precompiled_charsmap")));
        }
        catch (FormatException error)
        {
            throw config.Bad($"has a broken precompiled_charsmap: {error.Message}");
        }
    }
}
