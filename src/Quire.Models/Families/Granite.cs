using Quire.Formats;

namespace Quire.Models;

/// <summary>Granite 3 and 4, dense: Llama with factors on embedded rows, scores, branches and logits.</summary>
/// <remarks>transformers <c>modeling_granite.py</c>; checked by <c>golden/families/granite</c>.</remarks>
public sealed class Granite : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GraniteForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        ModelSpec spec = Llama.Describe(config, attention => attention with { Scale = Factor("attention_multiplier") });
        return spec.WithLayers(layer => layer with { ResidualScale = Factor("residual_multiplier") })
            with
        { EmbeddingScale = Factor("embedding_multiplier"), LogitScale = 1 / Factor("logits_scaling") };

        float Factor(string name) => (float)(config.OptionalDouble(name) ?? 1);
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names();
}
