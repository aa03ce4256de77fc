using System.Text.Json;

namespace Quire.Formats;

/// <summary>PEFT's <c>adapter_config.json</c>: ranks and scales by module. What it asks for and Quire does not do is refused.</summary>
internal sealed class LoraConfig
{
    private readonly ConfigObject config;
    private readonly int rank;
    private readonly double alpha;
    private readonly bool isRankStabilised;
    private readonly ConfigObject? rankPattern, alphaPattern;

    public LoraConfig(string path)
    {
        config = ConfigObject.ReadFile(path);
        string type = config.OptionalString("peft_type") ?? "LORA";
        if (type != "LORA") throw config.Bad("peft_type", $"is {type}; LORA is supported");
        rank = config.Int("r", 1);
        alpha = config.OptionalDouble("lora_alpha") ?? 8;
        isRankStabilised = config.OptionalBool("use_rslora") ?? false;
        IsDora = config.OptionalBool("use_dora") ?? false;
        rankPattern = config.OptionalObject("rank_pattern");
        alphaPattern = config.OptionalObject("alpha_pattern");
        if (config.OptionalStrings("modules_to_save") is { Count: > 0 } saved)
            throw config.Bad("modules_to_save", $"is {string.Join(", ", saved)}; adapters that replace whole modules are not supported, train them with lora_A and lora_B instead");
        foreach (string name in (string[])["lora_bias", "use_qalora"])
            if (config.OptionalBool(name) == true) throw config.Bad(name, "is true, which is not supported");
        foreach (string name in (string[])["layer_replication", "trainable_token_indices", "target_parameters"])
            if (config.Element(name) is { } value && !IsEmpty(value)) throw config.Bad(name, "is set, which is not supported");
    }

    public bool IsDora { get; }

    public int Rank(string module) => Pattern(rankPattern, "rank_pattern", module) is { } key ? rankPattern!.Int(key, 1) : rank;

    /// <summary>alpha / r, or alpha / sqrt(r), of a module.</summary>
    public float Scale(string module)
    {
        double own = Pattern(alphaPattern, "alpha_pattern", module) is { } key ? alphaPattern!.Double(key) : alpha;
        float scale = (float)(own / (isRankStabilised ? Math.Sqrt(Rank(module)) : Rank(module)));
        return float.IsFinite(scale) ? scale : throw config.Bad("lora_alpha", $"is {own}, too large a scale");
    }

    // A key is a regular expression that a module's name ends with, after a point or as a whole; the first that does counts.
    private string? Pattern(ConfigObject? patterns, string name, string module) =>
        patterns?.Names().FirstOrDefault(key => ModulePatterns.MatchesRegex(config, name, $@"(?:.*\.)?(?:{key})\z", module));

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
