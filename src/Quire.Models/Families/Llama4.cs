using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Llama 4, text: layers that rotate see their chunk alone and have norms without weights after rotation; every fourth rotates nothing, sees everything and scales
/// its queries with the position. Layers with experts, one for each token and one shared, stand among dense ones.</summary>
/// <remarks>transformers <c>modeling_llama4.py</c>; checked by <c>golden/families/llama4_text</c>.</remarks>
public sealed class Llama4 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Llama4ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        int chunk = config.OptionalInt("attention_chunk_size", 1) ?? 8192, experts = config.Int("num_local_experts", 1), step = config.OptionalInt("interleave_moe_layer_step", 1) ?? 1;
        var headNorm = new NormSpec((float)(config.OptionalDouble("rms_norm_eps") ?? 1e-5)) { HasWeight = false };
        QueryTemperature? temperature = config.OptionalBool("attn_temperature_tuning") == false ? null
            : new QueryTemperature(config.OptionalDouble("attn_scale") ?? 0.1, config.OptionalDouble("floor_scale") ?? 8192);
        bool hasHeadNorm = config.OptionalBool("use_qk_norm") ?? true;
        IReadOnlyList<int>? rotating = config.OptionalInts("no_rope_layers");
        IReadOnlyList<int>? sparse = config.OptionalInts("moe_layers");
        ModelSpec spec = Llama.Describe(config, attention => attention with { InterleavedRotary = true, NormAfterRotation = true })
            .WithAttention((layer, attention) => Rotates(layer)
                ? attention with { Window = chunk, IsChunked = true, QueryNorm = hasHeadNorm ? headNorm : null, KeyNorm = hasHeadNorm ? headNorm : null }
                : attention with { Rope = null, Temperature = temperature })
            .WithLayers(layer => layer with { Mlp = layer.Mlp with { IntermediateSize = config.Int("intermediate_size_mlp", 1) } });
        int size = config.Int("intermediate_size", 1);
        return spec.WithExperts(
            new MoeSpec
            {
                Experts = experts,
                IntermediateSize = size,
                Router = new RouterRule(RouterScore.Sigmoid, Experts.Chosen(config, "num_experts_per_tok", experts), ScalesInput: true),
                Storage = ExpertStorage.StackedTransposed,
            },
            layer => sparse is { Count: > 0 } ? sparse.Contains(layer) : (layer + 1) % step == 0,
            size);

        // An empty list is the class's default: every fourth layer rotates nothing.
        bool Rotates(int layer) => rotating is { Count: > 0 } ? layer < rotating.Count && rotating[layer] != 0 : (layer + 1) % (config.OptionalInt("no_rope_layer_interval", 1) ?? 4) != 0;
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.feed_forward.gate_proj.weight", WeightPart.Gate)
        .Map("model.layers.{layer}.feed_forward.up_proj.weight", WeightPart.Up)
        .Map("model.layers.{layer}.feed_forward.down_proj.weight", WeightPart.Down)
        .Map("model.layers.{layer}.feed_forward.router.weight", WeightPart.Router)
        .Map("model.layers.{layer}.feed_forward.experts.gate_up_proj", WeightPart.ExpertUp)
        .Map("model.layers.{layer}.feed_forward.experts.down_proj", WeightPart.ExpertDown)
        .Map("model.layers.{layer}.feed_forward.shared_expert.gate_proj.weight", WeightPart.SharedGate)
        .Map("model.layers.{layer}.feed_forward.shared_expert.up_proj.weight", WeightPart.SharedUp)
        .Map("model.layers.{layer}.feed_forward.shared_expert.down_proj.weight", WeightPart.SharedDown);
}
