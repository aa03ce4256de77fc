namespace Quire.Formats;

/// <summary>
/// What <c>tokenizer_config.json</c> says beyond the vocabulary: special tokens and chat templates. Null where it says nothing.
/// </summary>
public sealed record TokenizerConfig
{
    public const string FileName = "tokenizer_config.json";

    public const string DefaultTemplate = "default";

    /// <summary>The transformers class.</summary>
    public string? TokenizerClass { get; init; }

    public string? BosToken { get; init; }

    public string? EosToken { get; init; }

    public string? PadToken { get; init; }

    public string? UnkToken { get; init; }

    public bool? AddBosToken { get; init; }

    public bool? AddEosToken { get; init; }

    /// <summary>Templates by name; the one without a name is <see cref="DefaultTemplate"/>.</summary>
    public IReadOnlyDictionary<string, string> ChatTemplates { get; init; } = new Dictionary<string, string>();

    /// <summary>The default chat template, or null.</summary>
    public string? ChatTemplate => ChatTemplates.GetValueOrDefault(DefaultTemplate);

    /// <summary>The folder's files, or empty settings where it has none.</summary>
    /// <exception cref="QuireException">A file is broken.</exception>
    public static TokenizerConfig ReadFolder(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return new TokenizerConfig { ChatTemplates = ChatTemplateReader.Read(folder, null) };
        ConfigObject config = ConfigObject.ReadFile(path);
        return new TokenizerConfig
        {
            TokenizerClass = config.OptionalString("tokenizer_class"),
            BosToken = Token(config, "bos_token"),
            EosToken = Token(config, "eos_token"),
            PadToken = Token(config, "pad_token"),
            UnkToken = Token(config, "unk_token"),
            AddBosToken = config.OptionalBool("add_bos_token"),
            AddEosToken = config.OptionalBool("add_eos_token"),
            ChatTemplates = ChatTemplateReader.Read(folder, config),
        };
    }

    /// <summary>The same from a GGUF file's metadata, special tokens looked up in its vocabulary.</summary>
    /// <exception cref="QuireException">A key is of another type than it must be, or an id is beyond the vocabulary.</exception>
    public static TokenizerConfig FromGguf(GgufFile file)
    {
        string[] tokens = file.Metadata.OptionalArray("tokenizer.ggml.tokens")?.ToStrings() ?? [];
        string? TokenAt(string key) => file.Metadata.OptionalCount(key) switch
        {
            null => null,
            int id when id < tokens.Length => tokens[id],
            int id => throw QuireException.BadFile(file.Path, $"{key} is {id}, beyond the {tokens.Length} tokens of the vocabulary"),
        };
        return new TokenizerConfig
        {
            BosToken = TokenAt("tokenizer.ggml.bos_token_id"),
            EosToken = TokenAt("tokenizer.ggml.eos_token_id"),
            PadToken = TokenAt("tokenizer.ggml.padding_token_id"),
            UnkToken = TokenAt("tokenizer.ggml.unknown_token_id"),
            AddBosToken = file.Metadata.OptionalBool("tokenizer.ggml.add_bos_token"),
            AddEosToken = file.Metadata.OptionalBool("tokenizer.ggml.add_eos_token"),
            ChatTemplates = ChatTemplateReader.Read(file.Metadata),
        };
    }

    /// <summary>A token is a string, or an object that holds it as <c>content</c>.</summary>
    private static string? Token(ConfigObject config, string name) => config.Element(name) switch
    {
        { ValueKind: System.Text.Json.JsonValueKind.Object } => config.OptionalObject(name)!.String("content"),
        _ => config.OptionalString(name),
    };
}
