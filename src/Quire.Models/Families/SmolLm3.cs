using Quire.Formats;

namespace Quire.Models;

/// <summary>SmolLM3: Llama, some of whose layers rotate nothing; embedding and head are one matrix.</summary>
/// <remarks>transformers <c>modeling_smollm3.py</c>; checked by <c>golden/families/smollm3</c>.</remarks>
public sealed class SmolLm3 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["SmolLM3ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        // The list names the layers that do rotate; without it every fourth does not.
        IReadOnlyList<int>? rotates = config.OptionalInts("no_rope_layers");
        int interval = config.OptionalInt("no_rope_layer_interval", 1) ?? 4;
        ModelSpec spec = Qwen2.WithWindows(config, Llama.Describe(config, attention => attention));
        return spec.WithAttention((layer, attention) => Rotates(layer) ? attention : attention with { Rope = null })
            with
        { TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? true };

        bool Rotates(int layer) => rotates is { Count: > 0 } && layer < rotates.Count ? rotates[layer] != 0 : (layer + 1) % interval != 0;
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names();
}
