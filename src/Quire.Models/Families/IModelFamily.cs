using Quire.Formats;

namespace Quire.Models;

/// <summary>A model family: a pure function from its configuration to a spec, and the names its checkpoints give to the spec's weights.</summary>
public interface IModelFamily
{
    /// <summary>Names in config.json's <c>architectures</c>.</summary>
    IReadOnlyList<string> Architectures { get; }

    /// <exception cref="QuireException">The configuration lacks a key or asks for what the family does not have.</exception>
    ModelSpec Describe(ModelConfig config);

    /// <summary>Names of Hugging Face checkpoints.</summary>
    WeightMap Weights(ModelSpec spec);

    /// <summary>Names of GGUF files, which most families share.</summary>
    WeightMap GgufWeights(ModelSpec spec) => WeightMap.Gguf();
}
