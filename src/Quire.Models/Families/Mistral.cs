using Quire.Formats;

namespace Quire.Models;

/// <summary>Mistral: Llama whose layers all see a sliding window, where the configuration gives one.</summary>
/// <remarks>transformers <c>modeling_mistral.py</c>; checked by <c>golden/families/mistral</c>.</remarks>
public sealed class Mistral : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["MistralForCausalLM"];

    public ModelSpec Describe(ModelConfig config) =>
        Llama.Describe(config, attention => attention with { Window = config.OptionalInt("sliding_window", 1) ?? 0 });

    public WeightMap Weights(ModelSpec spec) => Llama.Names();
}
