namespace Quire.Tokenizers;

/// <summary>What the pre-tokenizer and the decoder of type Metaspace share.</summary>
internal static class MetaspaceConfig
{
    public static char Replacement(JsonConfig config) =>
        config.OptionalString("replacement") switch
        {
            null => '▁',
            [var only] => only,
            _ => throw config.Bad("has a replacement that is not one character"),
        };

    public static PrependScheme Scheme(JsonConfig config) => config.OptionalString("prepend_scheme") switch
    {
        "always" => PrependScheme.Always,
        "first" => PrependScheme.First,
        "never" => PrependScheme.Never,
        // Older files say it with a flag.
        null => config.Bool("add_prefix_space", true) ? PrependScheme.Always : PrependScheme.Never,
        var other => throw config.NotSupported($"the prepend_scheme \"{other}\""),
    };
}
