using Quire.Formats;

namespace Quire.Models;

/// <summary>rope_scaling / rope_parameters of config.json as a scaling rule.</summary>
internal static class RopeScalings
{
    /// <exception cref="QuireException">A rule that this build does not have, or one that lacks its numbers.</exception>
    public static RopeScaling? Read(ModelConfig config, RopeConfig rope)
    {
        int original = rope.OriginalMaxPositionEmbeddings ?? config.OptionalInt("max_position_embeddings", 1) ?? 2048;
        if (rope.FrequencyFactors is { } divisors) return new DivisorScaling([.. divisors.Select(d => (float)d)]);
        return rope.Type switch
        {
            "default" => null,
            "linear" => new LinearScaling(Need(rope.Factor, "factor")),
            "llama3" => new Llama3Scaling(Need(rope.Factor, "factor"), Need(rope.LowFreqFactor, "low_freq_factor"), Need(rope.HighFreqFactor, "high_freq_factor"), original),
            "yarn" => new YarnScaling(Need(rope.Factor, "factor"), original, rope.BetaFast ?? 32, rope.BetaSlow ?? 1, YarnAttention(rope), rope.Truncate ?? true),
            "longrope" => LongRope(config, rope, original),
            "dynamic" when rope.Alpha is { } alpha => new AlphaScaling(alpha),
            "dynamic" => new DynamicScaling(Need(rope.Factor, "factor"), original),
            _ => throw config.Bad("rope_scaling", $"has type {rope.Type}; default, linear, llama3, yarn, longrope and dynamic are supported"),
        };

        double Need(double? value, string name) => value ?? throw config.Bad("rope_scaling", $"of type {rope.Type} lacks {name}");
    }

    private static LongRopeScaling LongRope(ModelConfig config, RopeConfig rope, int original)
    {
        if (rope.ShortFactor is not { } nearby || rope.LongFactor is not { } far) throw config.Bad("rope_scaling", "of type longrope lacks short_factor or long_factor");
        double stretch = rope.Factor ?? (config.OptionalInt("max_position_embeddings", 1) ?? original) / (double)original;
        double attention = rope.AttentionFactor ?? (stretch <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(stretch) / Math.Log(original))));
        return new LongRopeScaling([.. nearby.Select(d => (float)d)], [.. far.Select(d => (float)d)], original, (float)attention);
    }

    private static float? YarnAttention(RopeConfig rope)
    {
        if (rope.AttentionFactor is { } factor) return (float)factor;
        if (rope is { Mscale: { } scale and not 0, MscaleAllDim: { } all and not 0, Factor: > 1 })
            return (float)(((0.1 * scale * Math.Log(rope.Factor.Value)) + 1) / ((0.1 * all * Math.Log(rope.Factor.Value)) + 1));
        return null;
    }
}
