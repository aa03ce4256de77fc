using Quire.Formats;

namespace Quire.Models;

/// <summary>HunYuan dense: Llama with an RMS norm over each query and key head after rotation.</summary>
/// <remarks>transformers <c>modeling_hunyuan_v1_dense.py</c>; checked by <c>golden/families/hunyuan_v1_dense</c>.</remarks>
public sealed class HunYuanDense : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["HunYuanDenseV1ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = Llama.Norm(config);
        return Llama.Describe(config, attention => attention with { QueryNorm = norm, KeyNorm = norm, NormAfterRotation = true });
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.self_attn.query_layernorm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.key_layernorm.weight", WeightPart.KeyNorm);
}
