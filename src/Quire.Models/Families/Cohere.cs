using Quire.Formats;

namespace Quire.Models;

/// <summary>Command R: parallel branches behind one layer norm without bias, rotation by neighbours, scaled logits; embedding and head are one matrix.</summary>
/// <remarks>transformers <c>modeling_cohere.py</c>; checked by <c>golden/families/cohere*</c>.</remarks>
public sealed class Cohere : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["CohereForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => Describe(config, attention => attention);

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.self_attn.q_norm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_norm.weight", WeightPart.KeyNorm);

    internal static ModelSpec Describe(ModelConfig config, Func<AttentionSpec, AttentionSpec> change)
    {
        NormSpec norm = LayerNorms.Read(config, "layer_norm_eps", hasBias: false);
        NormSpec? headNorm = config.OptionalBool("use_qk_norm") == true ? norm : null;
        return Llama.Describe(config, attention => change(attention with { InterleavedRotary = true, QueryNorm = headNorm, KeyNorm = headNorm, NormEachHead = true }))
            .With(norm, isParallel: true)
            with
        {
            LogitScale = (float)(config.OptionalDouble("logit_scale") ?? 0.0625),
            TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? true,
        };
    }
}
