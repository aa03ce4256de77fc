using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Qwen1.5 MoE and Qwen2 MoE: Qwen2 with experts, and a shared feed-forward that a gate of its own scales.</summary>
/// <remarks>transformers <c>modeling_qwen2_moe.py</c>; checked by <c>golden/families/qwen2_moe</c>.</remarks>
public sealed class Qwen2Moe : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Qwen2MoeForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => WithExperts(
        config,
        Qwen2.WithWindows(config, Llama.Describe(config, attention => attention with { QkvBias = config.OptionalBool("qkv_bias") ?? true, OutputBias = false })),
        config.OptionalInt("shared_expert_intermediate_size") ?? 0);

    public WeightMap Weights(ModelSpec spec) => Llama.Names().MapExperts("shared_expert").Map("model.layers.{layer}.mlp.shared_expert_gate.weight", WeightPart.SharedScale);

    /// <summary>Every decoder_sparse_step-th layer has experts, but for those of mlp_only_layers.</summary>
    internal static ModelSpec WithExperts(ModelConfig config, ModelSpec spec, int sharedSize)
    {
        int experts = config.OptionalInt("num_experts", 1) ?? config.Int("num_local_experts", 1), step = config.OptionalInt("decoder_sparse_step", 1) ?? 1;
        IReadOnlyList<int> dense = config.OptionalInts("mlp_only_layers") ?? [];
        var moe = new MoeSpec
        {
            Experts = experts,
            IntermediateSize = config.Int("moe_intermediate_size", 1),
            Router = new RouterRule(RouterScore.Softmax, Experts.Chosen(config, "num_experts_per_tok", experts), Normalise: config.OptionalBool("norm_topk_prob") ?? false),
            GatesShared = sharedSize > 0,
        };
        return spec.WithExperts(moe, layer => !dense.Contains(layer) && (layer + 1) % step == 0, sharedSize);
    }
}
