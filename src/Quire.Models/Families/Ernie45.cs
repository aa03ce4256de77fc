using Quire.Formats;

namespace Quire.Models;

/// <summary>ERNIE 4.5, dense: Llama whose neighbouring elements rotate together, embedding and head being one matrix.</summary>
/// <remarks>transformers <c>modeling_ernie4_5.py</c>; checked by <c>golden/families/ernie4_5</c>.</remarks>
public sealed class Ernie45 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Ernie4_5ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        bool bias = config.OptionalBool("use_bias") ?? false;
        ModelSpec spec = Llama.Describe(config, attention => attention with { InterleavedRotary = true, QkvBias = bias, OutputBias = bias });
        return spec.WithLayers(layer => layer with { Mlp = layer.Mlp with { Bias = bias } }) with { TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? true };
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names();
}
