using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>OLMo 1: Llama with layer norms that have no weights; query, key and value may be clamped.</summary>
/// <remarks>transformers <c>modeling_olmo.py</c>; checked by <c>golden/families/olmo</c>.</remarks>
public sealed class Olmo : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["OlmoForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        var norm = new NormSpec(1e-5f) { Kind = NormKind.Layer, HasWeight = false };
        float clip = (float)(config.OptionalDouble("clip_qkv") ?? 0);
        return Llama.Describe(config, attention => attention with { QkvClip = clip }).With(norm);
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names();
}
