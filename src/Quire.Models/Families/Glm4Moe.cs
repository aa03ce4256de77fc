using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>GLM 4.5 and 4.6: partial half-split rotation, norms of heads, and DeepSeek V3's routing with a shared feed-forward after the first layers.</summary>
/// <remarks>transformers <c>modeling_glm4_moe.py</c>; checked by <c>golden/families/glm4_moe</c>.</remarks>
public sealed class Glm4Moe : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Glm4MoeForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec? headNorm = config.OptionalBool("use_qk_norm") == true ? Llama.Norm(config) : null;
        ModelSpec spec = Llama.Describe(config, attention => attention with
        {
            OutputBias = false,
            QueryNorm = headNorm,
            KeyNorm = headNorm,
            Rope = LayerNorms.PartialRope(config, attention.HeadSize, 0.5),
        });
        int size = config.Int("moe_intermediate_size", 1), dense = config.OptionalInt("first_k_dense_replace") ?? 1;
        return spec.WithExperts(Sigmoid(config, size), layer => layer >= dense, size * (config.OptionalInt("n_shared_experts") ?? 0));
    }

    public WeightMap Weights(ModelSpec spec) => new Qwen3().Weights(spec).MapExperts().Map("model.layers.{layer}.mlp.gate.e_score_correction_bias", WeightPart.RouterCorrection);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufPostNorm();

    /// <summary>DeepSeek V3's routing: sigmoids, a correction for the choice, groups by the sum of their two best.</summary>
    internal static MoeSpec Sigmoid(ModelConfig config, int size)
    {
        int experts = config.Int("n_routed_experts", 1), groups = config.OptionalInt("n_group", 1) ?? 1;
        if (experts % groups != 0) throw config.Bad("n_group", $"is {groups}, which does not divide {experts} experts");
        return new MoeSpec
        {
            Experts = experts,
            IntermediateSize = size,
            Router = new RouterRule(
                RouterScore.Sigmoid,
                Experts.Chosen(config, "num_experts_per_tok", experts),
                config.OptionalBool("norm_topk_prob") ?? true,
                (float)(config.OptionalDouble("routed_scaling_factor") ?? 1),
                groups,
                Math.Min(groups, config.OptionalInt("topk_group", 1) ?? 1),
                GroupsBySum: true),
            HasCorrection = true,
        };
    }
}
