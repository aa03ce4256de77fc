namespace Quire.Formats;

/// <summary>
/// The rotary embedding that a configuration asks for. What it does not spell is null: defaults belong to the model family.
/// </summary>
public sealed record RopeConfig
{
    /// <summary>
    /// <c>default</c>, <c>linear</c>, <c>dynamic</c>, <c>yarn</c>, <c>llama3</c>, <c>longrope</c>, or whatever else the file says.
    /// </summary>
    public string Type { get; init; } = "default";

    /// <summary>The base of the frequencies.</summary>
    public double? Theta { get; init; }

    public double? Factor { get; init; }

    /// <summary>Tokens.</summary>
    public int? OriginalMaxPositionEmbeddings { get; init; }

    /// <summary>The share of a head's dimensions that rotate; 1 is all.</summary>
    public double? PartialRotaryFactor { get; init; }

    /// <summary>llama3.</summary>
    public double? LowFreqFactor { get; init; }

    /// <summary>llama3.</summary>
    public double? HighFreqFactor { get; init; }

    /// <summary>yarn, in rotations.</summary>
    public double? BetaFast { get; init; }

    /// <summary>yarn, in rotations.</summary>
    public double? BetaSlow { get; init; }

    /// <summary>yarn, longrope: what cosine and sine are multiplied by.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>yarn as DeepSeek has it.</summary>
    public double? Mscale { get; init; }

    /// <summary>yarn as DeepSeek has it.</summary>
    public double? MscaleAllDim { get; init; }

    /// <summary>yarn: false keeps the bounds of the correction range fractional.</summary>
    public bool? Truncate { get; init; }

    /// <summary>dynamic as HunYuan has it: a fixed multiplier of the base.</summary>
    public double? Alpha { get; init; }

    /// <summary>longrope: one divisor per rotated pair.</summary>
    public IReadOnlyList<double>? ShortFactor { get; init; }

    /// <summary>longrope: one divisor per rotated pair.</summary>
    public IReadOnlyList<double>? LongFactor { get; init; }

    /// <summary>GGUF's form of llama3 scaling: one divisor per rotated pair, to apply whatever the type says.</summary>
    public IReadOnlyList<double>? FrequencyFactors { get; init; }
}
