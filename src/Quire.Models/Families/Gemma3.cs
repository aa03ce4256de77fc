using Quire.Formats;

namespace Quire.Models;

/// <summary>Gemma 3, text: Gemma 2 without caps, with normalised heads, and with a rotary base of their own for the windowed layers.</summary>
/// <remarks>transformers <c>modeling_gemma3.py</c>; checked by <c>golden/families/gemma3_text</c>.</remarks>
public sealed class Gemma3 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Gemma3ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = Gemma.Norm(config);
        float cap = (float)(config.OptionalDouble("attn_logit_softcapping") ?? 0);
        int window = config.OptionalInt("sliding_window", 1) ?? 4096;
        int period = config.OptionalInt("sliding_window_pattern", 1) ?? config.OptionalInt("_sliding_window_pattern", 1) ?? 6;
        RopeConfig local = config.RopeByLayerType.GetValueOrDefault(LayerKinds.Sliding) ?? new RopeConfig { Theta = 10000 };

        ModelSpec spec = Gemma.Describe(config, attention => attention with { QueryNorm = norm, KeyNorm = norm, Scale = Gemma2.Scale(config, attention), ScoreCap = cap });
        RopeSpec localRope = Llama.Rope(config, local, spec.Layers[0].Attention.HeadSize);
        return Gemma2.WithPostNorms(config, spec)
            .WithAttention((layer, attention) => LayerKinds.IsSliding(config, layer, period) ? attention with { Window = window, Rope = localRope } : attention) with
        {
            // Configurations state the stretched context.
            MaxPositions = config.OptionalInt("max_position_embeddings", 1) ?? 131072,
            LogitCap = (float)(config.OptionalDouble("final_logit_softcapping") ?? 0),
        };
    }

    public WeightMap Weights(ModelSpec spec) => Gemma2.Names()
        .Map("model.layers.{layer}.self_attn.q_norm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_norm.weight", WeightPart.KeyNorm);
}
