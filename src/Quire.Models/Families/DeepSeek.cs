using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>DeepSeek V2 and V3: latent attention, and experts with a shared feed-forward after the first layers. V3's layer for the second next token is not read.</summary>
/// <remarks>transformers <c>modeling_deepseek_v2.py</c>, <c>modeling_deepseek_v3.py</c>; checked by <c>golden/families/deepseek_*</c>.</remarks>
public sealed class DeepSeek : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        ModelSpec spec = LatentAttention.Describe(config);
        // YaRN's second factor, of scores (arXiv 2309.00071, 3.4).
        if (config.Rope is { Type: "yarn", MscaleAllDim: { } all and not 0, Factor: { } factor and > 1 })
        {
            double stretch = (0.1 * all * Math.Log(factor)) + 1;
            spec = spec.WithAttention(attention => attention with { Scale = (float)(attention.Scale * stretch * stretch) });
        }
        if (config.OptionalInt("n_routed_experts") is null or 0) return spec.WithAttention(Interleaved);
        int size = config.Int("moe_intermediate_size", 1), dense = config.OptionalInt("first_k_dense_replace") ?? 0, period = config.OptionalInt("moe_layer_freq", 1) ?? 1;
        return spec.WithAttention(Interleaved)
            .WithExperts(Routing(config, size), layer => layer >= dense && layer % period == 0, size * (config.OptionalInt("n_shared_experts") ?? 0));

        static AttentionSpec Interleaved(AttentionSpec attention) => attention with { InterleavedRotary = true };
    }

    public WeightMap Weights(ModelSpec spec) => LatentAttention.Names(spec).MapExperts().Map("model.layers.{layer}.mlp.gate.e_score_correction_bias", WeightPart.RouterCorrection);

    public WeightMap GgufWeights(ModelSpec spec) => LatentAttention.GgufNames(spec);

    private static MoeSpec Routing(ModelConfig config, int size)
    {
        string method = config.OptionalString("topk_method") ?? (config.Architectures.Contains("DeepseekV3ForCausalLM") ? "noaux_tc" : "greedy");
        if (method == "noaux_tc") return Glm4Moe.Sigmoid(config, size);
        if (method is not ("greedy" or "group_limited_greedy")) throw config.Bad("topk_method", $"is {method}; greedy, group_limited_greedy and noaux_tc are supported");
        int experts = config.Int("n_routed_experts", 1), groups = method == "greedy" ? 1 : config.Int("n_group", 1);
        if (experts % groups != 0) throw config.Bad("n_group", $"is {groups}, which does not divide {experts} experts");
        string score = config.OptionalString("scoring_func") ?? "softmax";
        if (score is not ("softmax" or "sigmoid")) throw config.Bad("scoring_func", $"is {score}; softmax and sigmoid are supported");
        return new MoeSpec
        {
            Experts = experts,
            IntermediateSize = size,
            Router = new RouterRule(
                score == "softmax" ? RouterScore.Softmax : RouterScore.Sigmoid,
                Experts.Chosen(config, "num_experts_per_tok", experts),
                config.OptionalBool("norm_topk_prob") ?? false,
                (float)(config.OptionalDouble("routed_scaling_factor") ?? 1),
                groups,
                groups == 1 ? 1 : Math.Min(groups, config.Int("topk_group", 1))),
        };
    }
}
