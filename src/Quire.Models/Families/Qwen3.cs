using Quire.Formats;

namespace Quire.Models;

/// <summary>Qwen3: Llama with an RMS norm over each query and key head before rotation, and a head size of its own.</summary>
/// <remarks>transformers <c>modeling_qwen3.py</c>; checked by <c>golden/families/qwen3*</c>.</remarks>
public sealed class Qwen3 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Qwen3ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = Llama.Norm(config);
        return Qwen2.WithWindows(config, Llama.Describe(config, attention => attention with { QueryNorm = norm, KeyNorm = norm }));
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.self_attn.q_norm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_norm.weight", WeightPart.KeyNorm);
}
