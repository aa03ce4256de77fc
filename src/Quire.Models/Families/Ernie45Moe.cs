using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>ERNIE 4.5 MoE: ERNIE 4.5 with experts chosen by probability and a correction, and a shared feed-forward, in a range of its layers.</summary>
/// <remarks>transformers <c>modeling_ernie4_5_moe.py</c>; checked by <c>golden/families/ernie4_5_moe</c>.</remarks>
public sealed class Ernie45Moe : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Ernie4_5_MoeForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        int experts = config.Int("moe_num_experts", 1), size = config.Int("moe_intermediate_size", 1), interval = config.OptionalInt("moe_layer_interval", 1) ?? 1;
        int first = config.OptionalInt("moe_layer_start_index") ?? 1, last = config.OptionalInt("moe_layer_end_index", -1) ?? -1;
        if (config.OptionalBool("use_bias") == true) throw config.Bad("use_bias", "is true; experts without biases are supported");
        ModelSpec spec = new Ernie45().Describe(config);
        if (last < 0) last = spec.Layers.Count - 1;
        var moe = new MoeSpec
        {
            Experts = experts,
            IntermediateSize = size,
            Router = new RouterRule(RouterScore.Softmax, Experts.Chosen(config, "moe_k", experts), Normalise: true),
            HasCorrection = true,
        };
        return spec.WithExperts(moe, layer => (layer + 1) % interval == 0 && layer >= first && layer <= last, size * (config.OptionalInt("moe_num_shared_experts") ?? 0));
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names().MapExperts().Map("model.layers.{layer}.mlp.moe_statics.e_score_correction_bias", WeightPart.RouterCorrection);
}
