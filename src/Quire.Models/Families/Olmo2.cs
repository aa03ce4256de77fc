using Quire.Formats;

namespace Quire.Models;

/// <summary>OLMo 2: Llama whose norms stand after attention and feed-forward, with one norm over all query heads and one over all key heads.</summary>
/// <remarks>transformers <c>modeling_olmo2.py</c>; checked by <c>golden/families/olmo2</c>.</remarks>
public sealed class Olmo2 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Olmo2ForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => PostNorms(config, normAllHeads: true);

    public WeightMap Weights(ModelSpec spec) => Names();

    /// <summary>Llama with norms after the branches instead of before, and with normalised queries and keys.</summary>
    internal static ModelSpec PostNorms(ModelConfig config, bool normAllHeads)
    {
        NormSpec norm = Llama.Norm(config);
        return Llama.Describe(config, attention => attention with { QueryNorm = norm, KeyNorm = norm, NormAllHeads = normAllHeads })
            .WithLayers(layer => layer with { AttentionNorm = null, PostAttentionNorm = norm, MlpNorm = null, PostMlpNorm = norm });
    }

    internal static WeightMap Names() => Llama.Names()
        .Map("model.layers.{layer}.self_attn.q_norm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_norm.weight", WeightPart.KeyNorm)
        .Map("model.layers.{layer}.post_attention_layernorm.weight", WeightPart.PostAttentionNorm)
        .Map("model.layers.{layer}.post_feedforward_layernorm.weight", WeightPart.PostMlpNorm);
}
