using Quire.Formats;

namespace Quire.Models;

/// <summary>OLMo 3: OLMo 2 with a window in three of four layers, whose rotation is never stretched.</summary>
/// <remarks>transformers <c>modeling_olmo3.py</c>; checked by <c>golden/families/olmo3</c>.</remarks>
public sealed class Olmo3 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Olmo3ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        // The reference gives rope_theta to the full layers alone; windowed ones have the class default.
        RopeConfig local = config.RopeByLayerType.GetValueOrDefault(LayerKinds.Sliding) ?? new RopeConfig { Theta = 500000 };
        int window = config.OptionalInt("sliding_window", 1) ?? 4096;
        ModelSpec spec = Olmo2.PostNorms(config, normAllHeads: true);
        RopeSpec localRope = Llama.Rope(config, local, spec.Layers[0].Attention!.HeadSize);
        return spec.WithAttention((layer, attention) =>
            LayerKinds.IsSliding(config, layer, period: 4) ? attention with { Window = window, Rope = localRope } : attention);
    }

    public WeightMap Weights(ModelSpec spec) => Olmo2.Names();
}
