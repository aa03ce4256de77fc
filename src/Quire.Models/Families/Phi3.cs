using Quire.Formats;

namespace Quire.Models;

/// <summary>Phi-3 and Phi-4: Llama with a window in all layers, query, key and value stored as one matrix, gate and up as another.</summary>
/// <remarks>transformers <c>modeling_phi3.py</c>; checked by <c>golden/families/phi3</c>.</remarks>
public sealed class Phi3 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Phi3ForCausalLM"];

    public ModelSpec Describe(ModelConfig config) =>
        Llama.Describe(config, attention => attention with { Window = config.OptionalInt("sliding_window", 1) ?? 0 });

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.self_attn.qkv_proj.weight", WeightPart.Query, WeightPart.Key, WeightPart.Value)
        .Map("model.layers.{layer}.mlp.gate_up_proj.weight", WeightPart.Gate, WeightPart.Up);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufGatedUp();
}
