namespace Quire.Tokenizers;

/// <summary>Reads <c>decoder</c>.</summary>
internal static class DecoderConfig
{
    public static Decoder Read(JsonConfig config) => config.Type switch
    {
        "Sequence" => new SequenceDecoder([.. config.Objects("decoders").Select(Read)]),
        "ByteLevel" => new ByteLevelDecoder(),
        "Replace" => new ReplaceDecoder(PatternConfig.Read(config), config.String("content")),
        "ByteFallback" => new ByteFallbackDecoder(),
        "Fuse" => new FuseDecoder(),
        "Strip" => new StripDecoder(Character(config, "content"), config.Int("start"), config.Int("stop")),
        "Metaspace" => new MetaspaceDecoder(MetaspaceConfig.Replacement(config), MetaspaceConfig.Scheme(config) != PrependScheme.Never),
        "WordPiece" => new WordPieceDecoder(config.OptionalString("prefix") ?? "##", config.Bool("cleanup", true)),
        "BPEDecoder" => new SuffixDecoder(config.OptionalString("suffix") ?? "</w>"),
        "CTC" => new CtcDecoder(config.OptionalString("pad_token") ?? "<pad>", config.OptionalString("word_delimiter_token") ?? "|", config.Bool("cleanup", true)),
        var other => throw config.NotSupported($"the type \"{other}\""),
    };

    private static char Character(JsonConfig config, string name) =>
        config.String(name) is [var only] ? only : throw config.Bad($"has a {name} that is not one character");
}
