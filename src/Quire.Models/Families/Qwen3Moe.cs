using Quire.Formats;

namespace Quire.Models;

/// <summary>Qwen3 MoE: Qwen3 with experts.</summary>
/// <remarks>transformers <c>modeling_qwen3_moe.py</c>; checked by <c>golden/families/qwen3_moe</c>.</remarks>
public sealed class Qwen3Moe : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Qwen3MoeForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = Llama.Norm(config);
        ModelSpec spec = Llama.Describe(config, attention => attention with { QueryNorm = norm, KeyNorm = norm });
        // Its window is over all layers, where it is switched on.
        int window = config.OptionalBool("use_sliding_window") == true ? config.OptionalInt("sliding_window", 1) ?? 0 : 0;
        return Qwen2Moe.WithExperts(config, spec.WithAttention(attention => attention with { Window = window }), 0);
    }

    public WeightMap Weights(ModelSpec spec) => new Qwen3().Weights(spec).MapExperts();
}
