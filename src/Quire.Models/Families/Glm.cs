using Quire.Formats;

namespace Quire.Models;

/// <summary>GLM-4 9B as transformers has it: Llama with biases on query, key and value, half of each head rotating by neighbours, gate and up stored as one matrix.</summary>
/// <remarks>transformers <c>modeling_glm.py</c>; checked by <c>golden/families/glm</c>.</remarks>
public sealed class Glm : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GlmForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => Spec(config);

    public WeightMap Weights(ModelSpec spec) => Names();

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufGatedUp();

    internal static ModelSpec Spec(ModelConfig config) => Llama.Describe(config, attention => attention with
    {
        Rope = Llama.Rope(config, config.Rope with { PartialRotaryFactor = config.Rope.PartialRotaryFactor ?? 0.5 }, attention.HeadSize),
        InterleavedRotary = true,
        OutputBias = false,
    });

    internal static WeightMap Names() => Llama.Names()
        .Map("model.layers.{layer}.mlp.gate_up_proj.weight", WeightPart.Gate, WeightPart.Up);
}
