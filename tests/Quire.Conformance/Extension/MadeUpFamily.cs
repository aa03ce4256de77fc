using Quire.Formats;
using Quire.Models;

namespace Quire.Conformance.Extension;

/// <summary>A family that nobody has: Llama whose embedded rows are tripled, with names of its own. This file and one line of registration are all that it takes.</summary>
public sealed class MadeUpFamily : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["MadeUpForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => new Llama().Describe(config) with { EmbeddingScale = 3 };

    public WeightMap Weights(ModelSpec spec) => new Llama().Weights(spec).Prefixed("made_up.");
}
