using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>MiniMax M2: norms over all query heads and over all key heads, partial rotation, experts chosen by sigmoid and a correction.</summary>
/// <remarks>transformers <c>modeling_minimax_m2.py</c>; checked by <c>golden/families/minimax_m2</c>.</remarks>
public sealed class MiniMaxM2 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["MiniMaxM2ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec? headNorm = config.OptionalBool("use_qk_norm") == false ? null : Llama.Norm(config);
        if (config.OptionalString("qk_norm_type") is { } type && type != "per_layer") throw config.Bad("qk_norm_type", $"is {type}; per_layer is supported");
        if (config.OptionalInt("shared_intermediate_size") is > 0) throw config.Bad("shared_intermediate_size", "is not 0; a shared feed-forward is not supported here");
        int experts = config.OptionalInt("num_local_experts", 1) ?? 256;
        return Llama.Describe(config, attention => attention with
        {
            QueryNorm = headNorm,
            KeyNorm = headNorm,
            NormAllHeads = true,
            Rope = Llama.Rope(config, config.Rope with { PartialRotaryFactor = config.OptionalInt("rotary_dim", 1) is { } rotated ? rotated / (double)attention.HeadSize : config.Rope.PartialRotaryFactor }, attention.HeadSize),
        }).WithExperts(new MoeSpec
        {
            Experts = experts,
            IntermediateSize = config.Int("intermediate_size", 1),
            Router = new RouterRule(RouterScore.Sigmoid, Experts.Chosen(config, "num_experts_per_tok", experts), Normalise: true),
            HasCorrection = config.OptionalBool("use_routing_bias") ?? true,
        });
    }

    public WeightMap Weights(ModelSpec spec) => new Qwen3().Weights(spec).MapSparseBlock().Map("model.layers.{layer}.block_sparse_moe.e_score_correction_bias", WeightPart.RouterCorrection);
}
