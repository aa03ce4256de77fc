using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Nemotron and Minitron: layer norms that multiply by weight + 1, partial rotation, a feed-forward of squared ReLU without a gate.</summary>
/// <remarks>transformers <c>modeling_nemotron.py</c>; checked by <c>golden/families/nemotron</c>.</remarks>
public sealed class Nemotron : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["NemotronForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = LayerNorms.Read(config, "norm_eps") with { WeightOffset = 1 };
        return Llama.Describe(
            config,
            attention => attention with { Rope = LayerNorms.PartialRope(config, attention.HeadSize, 0.5) },
            config.OptionalString("hidden_act") is null ? ClassDefaults.None with { Activation = Activation.SquaredRelu } : null)
            .With(norm)
            .WithoutGates(config.OptionalBool("mlp_bias") ?? false);
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names();
}
