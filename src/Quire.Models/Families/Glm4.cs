using Quire.Formats;

namespace Quire.Models;

/// <summary>GLM-4-0414: GLM with norms after both branches too.</summary>
/// <remarks>transformers <c>modeling_glm4.py</c>; checked by <c>golden/families/glm4</c>.</remarks>
public sealed class Glm4 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Glm4ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = Llama.Norm(config);
        return Glm.Spec(config).WithLayers(layer => layer with { PostAttentionNorm = norm, PostMlpNorm = norm });
    }

    public WeightMap Weights(ModelSpec spec) => Glm.Names()
        .Map("model.layers.{layer}.post_self_attn_layernorm.weight", WeightPart.PostAttentionNorm)
        .Map("model.layers.{layer}.post_mlp_layernorm.weight", WeightPart.PostMlpNorm);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufGatedUp();
}
