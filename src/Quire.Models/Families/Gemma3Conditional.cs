using Quire.Formats;

namespace Quire.Models;

/// <summary>Gemma 3 checkpoints that also read images: the text model inside them; the vision tower is not read.</summary>
/// <remarks>transformers <c>modeling_gemma3.py</c>; checked by <c>golden/families/gemma3_conditional</c>.</remarks>
public sealed class Gemma3Conditional : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Gemma3ForConditionalGeneration"];

    public ModelSpec Describe(ModelConfig config) => Gemma3.Spec(config);

    public WeightMap Weights(ModelSpec spec) => Gemma3.Names().Prefixed("language_model.");
}
