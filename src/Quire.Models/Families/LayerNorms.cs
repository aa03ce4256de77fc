using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Llama's shape with layer norms.</summary>
internal static class LayerNorms
{
    public static NormSpec Read(ModelConfig config, string epsilonKey, bool hasBias = true) =>
        new((float)(config.OptionalDouble(epsilonKey) ?? 1e-5)) { Kind = NormKind.Layer, HasBias = hasBias };

    /// <summary>The spec with <paramref name="norm"/> before both branches and the head; parallel branches share theirs.</summary>
    public static ModelSpec With(this ModelSpec spec, NormSpec norm, bool isParallel = false) =>
        spec.WithLayers(layer => layer with { AttentionNorm = norm, MlpNorm = isParallel ? null : norm, IsParallel = isParallel }) with { FinalNorm = norm };

    /// <summary>The spec with feed-forwards that have no gate.</summary>
    public static ModelSpec WithoutGates(this ModelSpec spec, bool bias) =>
        spec.WithLayers(layer => layer with { Mlp = layer.Mlp with { IsGated = false, Bias = bias } });

    /// <summary>Rotary embedding of a part of each head, where the file does not say of how much.</summary>
    public static RopeSpec PartialRope(ModelConfig config, int headSize, double share) =>
        Llama.Rope(config, config.Rope with { PartialRotaryFactor = config.Rope.PartialRotaryFactor ?? share }, headSize);
}
