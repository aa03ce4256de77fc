namespace Quire.Formats;

/// <summary>Generation defaults that a checkpoint recommends (<c>generation_config.json</c>). Null where it says nothing.</summary>
public sealed record GenerationConfig
{
    public const string FileName = "generation_config.json";

    /// <summary>Ids that end a text; empty where the file names none.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    public int? BosTokenId { get; init; }

    public int? PadTokenId { get; init; }

    public bool? DoSample { get; init; }

    public double? Temperature { get; init; }

    public int? TopK { get; init; }

    public double? TopP { get; init; }

    public double? MinP { get; init; }

    public double? RepetitionPenalty { get; init; }

    /// <summary>Tokens.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>The folder's file, or empty settings where it has none.</summary>
    /// <exception cref="QuireException">The file is broken.</exception>
    public static GenerationConfig ReadFolder(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return new GenerationConfig();
        ConfigObject config = ConfigObject.ReadFile(path);
        return new GenerationConfig
        {
            EosTokenIds = config.OptionalInts("eos_token_id", -1) ?? [],
            BosTokenId = config.OptionalInt("bos_token_id", -1),
            PadTokenId = config.OptionalInt("pad_token_id", -1),
            DoSample = config.OptionalBool("do_sample"),
            Temperature = config.OptionalDouble("temperature"),
            TopK = config.OptionalInt("top_k", -1),
            TopP = config.OptionalDouble("top_p"),
            MinP = config.OptionalDouble("min_p"),
            RepetitionPenalty = config.OptionalDouble("repetition_penalty"),
            MaxNewTokens = config.OptionalInt("max_new_tokens", 1),
        };
    }

    /// <summary>The special token ids of a GGUF file's metadata, end of turn and end of message among those that end a text.</summary>
    public static GenerationConfig FromGguf(GgufFile file)
    {
        string[] ends = ["eos_token_id", "eot_token_id", "eom_token_id"];
        return new GenerationConfig
        {
            EosTokenIds = [.. ends.Select(name => file.Metadata.OptionalCount($"tokenizer.ggml.{name}")).OfType<int>().Distinct()],
            BosTokenId = file.Metadata.OptionalCount("tokenizer.ggml.bos_token_id"),
            PadTokenId = file.Metadata.OptionalCount("tokenizer.ggml.padding_token_id"),
        };
    }
}
