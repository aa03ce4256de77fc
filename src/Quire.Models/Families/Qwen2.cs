using Quire.Formats;

namespace Quire.Models;

/// <summary>Qwen2 and Qwen2.5: Llama with biases on query, key and value, and a sliding window in the later layers where it is switched on.</summary>
/// <remarks>transformers <c>modeling_qwen2.py</c>; checked by <c>golden/families/qwen2*</c>.</remarks>
public sealed class Qwen2 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Qwen2ForCausalLM"];

    public ModelSpec Describe(ModelConfig config) =>
        WithWindows(config, Llama.Describe(config, attention => attention with { QkvBias = true, OutputBias = false }));

    public WeightMap Weights(ModelSpec spec) => Llama.Names();

    /// <summary>use_sliding_window: false beats a given window; max_window_layers counts the first layers that see everything.</summary>
    internal static ModelSpec WithWindows(ModelConfig config, ModelSpec spec)
    {
        bool windowed = config.OptionalBool("use_sliding_window") ?? false;
        if (!windowed || config.OptionalInt("sliding_window", 1) is not { } window) return spec;
        int firstWindowed = config.OptionalInt("max_window_layers") ?? 28;
        return spec.WithAttention((layer, attention) =>
            (config.LayerTypes is { } types && layer < types.Count ? types[layer] == "sliding_attention" : layer >= firstWindowed)
                ? attention with { Window = window }
                : attention);
    }
}
