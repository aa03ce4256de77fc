using Quire.Engine;
using Quire.Formats;

namespace Quire;

/// <summary>What requests use where they say nothing: the model's generation_config.json, or neutral values.</summary>
public sealed record SamplingDefaults(float Temperature, float TopP, int TopK, float MinP, float RepetitionPenalty, int? MaxTokens)
{
    /// <summary>Sampling from the whole distribution.</summary>
    public static SamplingDefaults Neutral { get; } = new(1, 1, 0, 0, 1, null);

    /// <summary>These values in place of the parameters' own.</summary>
    public SamplingParameters Apply(SamplingParameters parameters) => parameters with
    {
        Temperature = Temperature,
        TopP = TopP,
        TopK = TopK,
        MinP = MinP,
        RepetitionPenalty = RepetitionPenalty,
        MaxTokens = MaxTokens is { } limit ? Math.Min(limit, parameters.MaxTokens) : parameters.MaxTokens,
    };

    internal static SamplingDefaults From(GenerationConfig config) => new(
        (float)(config.Temperature ?? 1), (float)(config.TopP ?? 1), config.TopK ?? 0, (float)(config.MinP ?? 0), (float)(config.RepetitionPenalty ?? 1), config.MaxNewTokens);
}
