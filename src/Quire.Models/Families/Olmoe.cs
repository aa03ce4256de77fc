using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>OLMoE: Llama with experts, with norms over all query heads and over all key heads; query, key and value may be clamped.</summary>
/// <remarks>transformers <c>modeling_olmoe.py</c>; checked by <c>golden/families/olmoe</c>.</remarks>
public sealed class Olmoe : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["OlmoeForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = Llama.Norm(config);
        if (config.OptionalDouble("clip_qkv") is { } clip) throw config.Bad("clip_qkv", $"is {clip}; clamping after norms over all heads is not supported");
        int experts = config.OptionalInt("num_experts", 1) ?? config.OptionalInt("num_local_experts", 1) ?? 64;
        return Llama.Describe(config, attention => attention with { QueryNorm = norm, KeyNorm = norm, NormAllHeads = true }).WithExperts(new MoeSpec
        {
            Experts = experts,
            IntermediateSize = config.Int("intermediate_size", 1),
            Router = new RouterRule(RouterScore.Softmax, Experts.Chosen(config, "num_experts_per_tok", experts), Normalise: config.OptionalBool("norm_topk_prob") ?? false),
        });
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.self_attn.q_norm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_norm.weight", WeightPart.KeyNorm)
        .MapExperts();
}
