using System.Text.Json;

namespace Quire.Formats;

/// <summary>
/// Both spellings of rotary embeddings: <c>rope_parameters</c> (transformers 5), and <c>rope_theta</c> beside <c>rope_scaling</c>
/// (transformers 4).
/// </summary>
internal static class RopeReader
{
    private const string Full = "full_attention";
    private const string Sliding = "sliding_attention";

    /// <summary>One rule per layer type where the file has several, else empty.</summary>
    public static IReadOnlyDictionary<string, RopeConfig> ByLayerType(ConfigObject config)
    {
        var rules = new Dictionary<string, RopeConfig>();
        if (config.OptionalObject("rope_parameters") is { } parameters)
        {
            foreach (string layerType in parameters.Names())
                if (parameters.Element(layerType)?.ValueKind == JsonValueKind.Object) rules[layerType] = Read(config, parameters.OptionalObject(layerType));
        }
        else if ((Positive(config, "rope_local_base_freq") ?? Positive(config, "local_rope_theta")) is { } local)
        {
            // The local base comes alone: scaling is for the layers that see the whole text.
            rules[Full] = Single(config);
            rules[Sliding] = new RopeConfig { Theta = local, PartialRotaryFactor = Partial(config) };
        }

        return rules;
    }

    /// <summary>The rule of all layers that have no other.</summary>
    public static RopeConfig Main(ConfigObject config, IReadOnlyDictionary<string, RopeConfig> byLayerType) =>
        byLayerType.Count == 0 ? Single(config)
        : byLayerType.TryGetValue(Full, out RopeConfig? full) ? full
        : byLayerType.Values.First();

    private static RopeConfig Single(ConfigObject config) =>
        Read(config, config.OptionalObject("rope_parameters") ?? config.OptionalObject("rope_scaling"));

    private static RopeConfig Read(ConfigObject config, ConfigObject? rule)
    {
        double? Number(string name) => rule?.OptionalDouble(name);
        return new RopeConfig
        {
            Type = TypeOf(rule),
            Theta = Positive(rule, "rope_theta")
                ?? Positive(config, "rope_theta") ?? Positive(config, "global_rope_theta") ?? Positive(config, "rotary_emb_base"),
            Factor = Positive(rule, "factor"),
            OriginalMaxPositionEmbeddings = rule?.OptionalInt("original_max_position_embeddings", 1)
                ?? config.OptionalInt("original_max_position_embeddings", 1),
            PartialRotaryFactor = Positive(rule, "partial_rotary_factor") ?? Partial(config),
            LowFreqFactor = Number("low_freq_factor"),
            HighFreqFactor = Number("high_freq_factor"),
            BetaFast = Number("beta_fast"),
            BetaSlow = Number("beta_slow"),
            AttentionFactor = Number("attention_factor"),
            Mscale = Number("mscale"),
            MscaleAllDim = Number("mscale_all_dim"),
            Truncate = rule?.OptionalBool("truncate"),
            Alpha = Number("alpha"),
            ShortFactor = rule?.OptionalDoubles("short_factor"),
            LongFactor = rule?.OptionalDoubles("long_factor"),
            FrequencyFactors = rule?.OptionalDoubles("frequency_factors"),
        };
    }

    private static string TypeOf(ConfigObject? rule)
    {
        string type = rule?.OptionalString("rope_type") ?? rule?.OptionalString("type") ?? "default";
        // The first name of longrope.
        return type == "su" ? "longrope" : type;
    }

    private static double? Partial(ConfigObject config) =>
        Positive(config, "partial_rotary_factor") ?? Positive(config, "rotary_pct") ?? Positive(config, "rope_pct")
        ?? Positive(config, "rotary_dim") / Positive(config, "head_dim");

    private static double? Positive(ConfigObject? from, string name) => from?.OptionalDouble(name) switch
    {
        null => null,
        > 0 and double value => value,
        double other => throw from.Bad(name, $"is {other}; a positive number was expected"),
    };
}
