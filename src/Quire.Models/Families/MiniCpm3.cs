using Quire.Formats;

namespace Quire.Models;

/// <summary>MiniCPM 3: latent attention, factors on embedded rows and branches, and a head that reads a divided hidden row.</summary>
/// <remarks>transformers <c>modeling_minicpm3.py</c>; checked by <c>golden/families/minicpm3</c>. The long or short factors are chosen once by the longest context, as in vLLM.</remarks>
public sealed class MiniCpm3 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["MiniCPM3ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        ModelSpec spec = LatentAttention.Describe(config);
        float residual = (float)((config.OptionalDouble("scale_depth") ?? 1) / Math.Sqrt(spec.Layers.Count));
        return spec.WithLayers(layer => layer with { ResidualScale = residual })
            with
        {
            EmbeddingScale = (float)(config.OptionalDouble("scale_emb") ?? 1),
            LogitScale = (float)(config.OptionalDouble("dim_model_base") ?? spec.HiddenSize) / spec.HiddenSize,
        };
    }

    public WeightMap Weights(ModelSpec spec) => LatentAttention.Names(spec);

    public WeightMap GgufWeights(ModelSpec spec) => LatentAttention.GgufNames(spec);
}
