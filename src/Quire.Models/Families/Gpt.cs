using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>The older shape: layer norms with biases, as many key heads as heads or one, a feed-forward without a gate, embedding and head one matrix.</summary>
internal static class Gpt
{
    /// <param name="inner">Of the feed-forward.</param>
    /// <param name="bias">All products have biases.</param>
    public static ModelSpec Spec(ModelConfig config, int hidden, int layers, int heads, int kvHeads, int inner, Activation activation, int positions, NormSpec norm, bool bias)
    {
        if (hidden % heads != 0) throw QuireException.BadFile(config.File, $"has {heads} heads, which do not divide a hidden size of {hidden}");
        if (heads % kvHeads != 0) throw QuireException.BadFile(config.File, $"has {kvHeads} key heads, which do not divide {heads} heads");
        int size = hidden / heads;
        var attention = new AttentionSpec { Heads = heads, KvHeads = kvHeads, HeadSize = size, Scale = 1 / MathF.Sqrt(size), QkvBias = bias, OutputBias = bias };
        return new ModelSpec
        {
            HiddenSize = hidden,
            VocabularySize = config.Int("vocab_size", 1),
            MaxPositions = positions,
            Layers = [.. Enumerable.Repeat(new LayerSpec(norm, attention, norm, new MlpSpec(inner, activation, bias, IsGated: false)), layers)],
            FinalNorm = norm,
            TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? true,
        };
    }

    /// <summary>An option that only one value of is supported.</summary>
    public static void Refuse(ModelConfig config, string key, bool refused)
    {
        if (config.OptionalBool(key) == refused) throw config.Bad(key, $"is {(refused ? "true" : "false")}, which is not supported");
    }

    public static Activation ReadActivation(ModelConfig config, string key, Activation byDefault) => config.OptionalString(key) switch
    {
        null => byDefault,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Activation.GeluTanh,
        "gelu" => Activation.Gelu,
        "relu" => Activation.Relu,
        string other => throw config.Bad(key, $"is {other}; gelu_new, gelu_pytorch_tanh, gelu and relu are supported"),
    };
}
