using Quire.Formats;

namespace Quire.Models;

/// <summary>Command R7B and Command A: Command R whose layers have a sliding window, but for every fourth, which sees everything and rotates nothing.</summary>
/// <remarks>transformers <c>modeling_cohere2.py</c>; checked by <c>golden/families/cohere2</c>.</remarks>
public sealed class Cohere2 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Cohere2ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        if (config.OptionalBool("use_qk_norm") == true) throw config.Bad("use_qk_norm", "is true, which Cohere2ForCausalLM does not know; CohereForCausalLM does");
        int window = config.OptionalInt("sliding_window", 1) ?? 4096, period = config.OptionalInt("sliding_window_pattern", 1) ?? 4;
        return Cohere.Describe(config, attention => attention)
            .WithAttention((layer, attention) => LayerKinds.IsSliding(config, layer, period) ? attention with { Window = window } : attention with { Rope = null });
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names();
}
