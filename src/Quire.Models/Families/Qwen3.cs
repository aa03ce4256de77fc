using Quire.Formats;

namespace Quire.Models;

/// <summary>Qwen3: Llama with an RMS norm over each query and key head before rotation, and a head size of its own.</summary>
/// <remarks>transformers <c>modeling_qwen3.py</c>; checked by <c>golden/families/qwen3*</c>.</remarks>
public sealed class Qwen3 : IModelFamily
{
    private const string ForClassification = "Qwen3ForSequenceClassification";

    public IReadOnlyList<string> Architectures => ["Qwen3ForCausalLM", ForClassification];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = Llama.Norm(config);
        ModelSpec spec = Qwen2.WithWindows(config, Llama.Describe(config, attention => attention with { QueryNorm = norm, KeyNorm = norm }));
        return config.Architectures.Contains(ForClassification) ? spec with { Pooler = Poolers.Classifier(config, Pooling.Last, dense: null, bias: false) } : spec;
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.self_attn.q_norm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_norm.weight", WeightPart.KeyNorm)
        .Map("score.weight", WeightPart.Labels);
}
