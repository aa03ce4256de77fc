using Quire.Formats;

namespace Quire.Models;

/// <summary>EXAONE 4: Llama whose norms stand after attention and feed-forward, with normalised heads; where layers have windows, the others rotate nothing.</summary>
/// <remarks>transformers <c>modeling_exaone4.py</c>; checked by <c>golden/families/exaone4</c>.</remarks>
public sealed class Exaone4 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Exaone4ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        ModelSpec spec = Olmo2.PostNorms(config, normAllHeads: false);
        if (config.OptionalInt("sliding_window", 1) is not { } window) return spec;
        return spec.WithAttention((layer, attention) =>
            LayerKinds.IsSliding(config, layer, period: 4) ? attention with { Window = window } : attention with { Rope = null });
    }

    public WeightMap Weights(ModelSpec spec) => Olmo2.Names();
}
