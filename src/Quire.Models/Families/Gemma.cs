using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Gemma: Llama with embedded rows times sqrt(hidden size), norms that multiply by weight + 1, and a GELU gate; embedding and head are one matrix.</summary>
/// <remarks>transformers <c>modeling_gemma.py</c>; checked by <c>golden/families/gemma</c>.</remarks>
public sealed class Gemma : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GemmaForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => Describe(config, attention => attention);

    public WeightMap Weights(ModelSpec spec) => Llama.Names();

    internal static ModelSpec Describe(ModelConfig config, Func<AttentionSpec, AttentionSpec> change, ClassDefaults? defaults = null)
    {
        // "gelu" means the tanh form here, as it did when these models were trained.
        if (config.OptionalString("hidden_activation") is { } name and not ("gelu" or "gelu_pytorch_tanh"))
            throw config.Bad("hidden_activation", $"is {name}; gelu_pytorch_tanh is supported");
        NormSpec norm = Norm(config);
        return Llama.Describe(config, change, (defaults ?? ClassDefaults.None) with { Activation = Activation.GeluTanh }).WithLayers(layer => layer with { AttentionNorm = norm, MlpNorm = norm }) with
        {
            FinalNorm = norm,
            EmbeddingScale = MathF.Sqrt(config.Int("hidden_size", 1)),
            TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? true,
        };
    }

    internal static NormSpec Norm(ModelConfig config) => Llama.Norm(config, weightOffset: 1);
}
