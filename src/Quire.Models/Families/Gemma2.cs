using Quire.Formats;

namespace Quire.Models;

/// <summary>Gemma 2: Gemma with norms before and after both branches, capped scores and logits, and a window in every other layer.</summary>
/// <remarks>transformers <c>modeling_gemma2.py</c>; checked by <c>golden/families/gemma2</c>.</remarks>
public sealed class Gemma2 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Gemma2ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        float cap = (float)(config.OptionalDouble("attn_logit_softcapping") ?? 0);
        int window = config.OptionalInt("sliding_window", 1) ?? 4096;
        return WithPostNorms(config, Gemma.Describe(config, attention => attention with { Scale = Scale(config, attention), ScoreCap = cap }))
            .WithAttention((layer, attention) => LayerKinds.IsSliding(config, layer, period: 2) ? attention with { Window = window } : attention)
            with
        { LogitCap = (float)(config.OptionalDouble("final_logit_softcapping") ?? 0) };
    }

    public WeightMap Weights(ModelSpec spec) => Names();

    /// <summary>Scores are scaled by a number of the configuration. GGUF files lack it; the 27B models, known by their layers, have the head size that
    /// hidden size and heads would give, the others have their own.</summary>
    internal static float Scale(ModelConfig config, AttentionSpec attention)
    {
        double replaced = config.IsGguf && config.Int("num_hidden_layers", 1) is 46 or 62 ? config.Int("hidden_size", 1) / (double)attention.Heads : attention.HeadSize;
        return 1 / MathF.Sqrt((float)(config.OptionalDouble("query_pre_attn_scalar") ?? replaced));
    }

    internal static ModelSpec WithPostNorms(ModelConfig config, ModelSpec spec)
    {
        NormSpec norm = Gemma.Norm(config);
        return spec.WithLayers(layer => layer with { PostAttentionNorm = norm, PostMlpNorm = norm });
    }

    internal static WeightMap Names() => Llama.Names()
        .Map("model.layers.{layer}.post_attention_layernorm.weight", WeightPart.PostAttentionNorm)
        .Map("model.layers.{layer}.pre_feedforward_layernorm.weight", WeightPart.MlpNorm)
        .Map("model.layers.{layer}.post_feedforward_layernorm.weight", WeightPart.PostMlpNorm);
}
