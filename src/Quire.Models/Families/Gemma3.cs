using Quire.Formats;

namespace Quire.Models;

/// <summary>Gemma 3, text: Gemma 2 without caps, with normalised heads, and with a rotary base of their own for the windowed layers.</summary>
/// <remarks>transformers <c>modeling_gemma3.py</c>; checked by <c>golden/families/gemma3_text</c>.</remarks>
public sealed class Gemma3 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Gemma3ForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => Spec(config);

    public WeightMap Weights(ModelSpec spec) => Names();

    internal static ModelSpec Spec(ModelConfig config)
    {
        NormSpec norm = Gemma.Norm(config);
        float cap = (float)(config.OptionalDouble("attn_logit_softcapping") ?? 0);
        int window = config.OptionalInt("sliding_window", 1) ?? 4096;
        int period = config.OptionalInt("sliding_window_pattern", 1) ?? config.OptionalInt("_sliding_window_pattern", 1) ?? 6;
        RopeConfig local = config.RopeByLayerType.GetValueOrDefault(LayerKinds.Sliding) ?? new RopeConfig { Theta = 10000 };

        // Published files leave out much of what the class has.
        var defaults = new ClassDefaults { Heads = 8, KvHeads = 4, HeadSize = 256, VocabularySize = 262208 };
        ModelSpec spec = Gemma.Describe(config, Attention, defaults);
        RopeSpec localRope = Llama.Rope(config, local, spec.Layers[0].Attention!.HeadSize);
        return Gemma2.WithPostNorms(config, spec)
            .WithAttention((layer, attention) => LayerKinds.IsSliding(config, layer, period) ? attention with { Window = window, Rope = localRope } : attention) with
        {
            // Configurations state the stretched context.
            MaxPositions = config.OptionalInt("max_position_embeddings", 1) ?? 131072,
            LogitCap = (float)(config.OptionalDouble("final_logit_softcapping") ?? 0),
        };

        AttentionSpec Attention(AttentionSpec attention) => attention with
        {
            QueryNorm = norm,
            KeyNorm = norm,
            Scale = Gemma2.Scale(config, attention),
            ScoreCap = cap,
            Rope = Llama.Rope(config, config.Rope with { Theta = config.Rope.Theta ?? 1e6 }, attention.HeadSize),
        };
    }

    internal static WeightMap Names() => Gemma2.Names()
        .Map("model.layers.{layer}.self_attn.q_norm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_norm.weight", WeightPart.KeyNorm);
}
