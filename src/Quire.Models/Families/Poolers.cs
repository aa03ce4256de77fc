using Quire.Formats;

namespace Quire.Models;

/// <summary>What configurations say about rows of sequences: labels, and lengths of embeddings.</summary>
public static class Poolers
{
    private const string Modules = "torch.nn.modules.";

    /// <summary>An embedder, by the rule that its class has unless a GGUF file states one.</summary>
    public static PoolerSpec Embedder(ModelConfig config, Pooling pooling) => new(config.IsGguf ? Stated(config) ?? pooling : pooling)
    {
        IsMatryoshka = config.OptionalBool("is_matryoshka") == true || config.OptionalInts("matryoshka_dimensions", 1) is not null,
        MatryoshkaSizes = config.OptionalInts("matryoshka_dimensions", 1),
    };

    private static Pooling? Stated(ModelConfig config) => config.OptionalString("pooling_type") switch { "mean" => Pooling.Mean, "cls" => Pooling.First, "last" => Pooling.Last, _ => null };

    /// <summary>A classifier; its labels are <c>id2label</c>'s.</summary>
    /// <param name="tokens">What its head is made of, if not of weights of its own.</param>
    internal static PoolerSpec Classifier(ModelConfig config, Pooling pooling, PoolerDenseSpec? dense, bool bias, LabelTokens? tokens = null)
    {
        string[] labels = tokens is null ? Labels(config) : Labels(config, tokens);
        LabelActivation usual = labels.Length == 1 ? LabelActivation.Sigmoid : LabelActivation.Softmax;
        return new PoolerSpec(pooling)
        {
            Dense = dense,
            Labels = labels,
            Tokens = tokens,
            // Language models were trained on texts, not on pairs; the first name is the older one.
            SeparatesPair = config.OptionalBool("use_pad_token") ?? config.OptionalBool("use_sep_token") ?? tokens is null,
            LabelBias = bias,
            Activation = config.OptionalString("problem_type") switch
            {
                "regression" => LabelActivation.None,
                "multi_label_classification" => LabelActivation.Sigmoid,
                null or "single_label_classification" => usual,
                string other => throw config.Bad("problem_type", $"is {other}; regression, single_label_classification and multi_label_classification are known"),
            },
            ScoreActivation = ScoreActivation(config) ?? usual,
        };
    }

    // Far more than any has: names are made before weights are looked at.
    private const int MaxLabels = 1 << 16;

    private static string[] Labels(ModelConfig config)
    {
        if (config.OptionalObject("id2label") is not { } names)
        {
            int unnamed = config.OptionalInt("num_labels", 1) ?? 2;
            if (unnamed > MaxLabels) throw config.Bad("num_labels", $"is {unnamed}; a classifier has at most {MaxLabels} labels");
            return [.. Enumerable.Range(0, unnamed).Select(i => $"LABEL_{i}")];
        }
        int count = names.Names().Count;
        if (count == 0) throw config.Bad("id2label", "is empty");
        return [.. Enumerable.Range(0, count).Select(i => names.OptionalString(i.ToString()) ?? throw config.Bad("id2label", $"has {count} labels and none for {i}"))];
    }

    // The checkpoint's names are of whatever it was made for, unless there are as many.
    private static string[] Labels(ModelConfig config, LabelTokens tokens) => config.OptionalObject("id2label")?.Names().Count == tokens.Labels
        ? Labels(config)
        : [.. Enumerable.Range(0, tokens.Labels).Select(i => $"LABEL_{i}")];

    // sentence-transformers' cross-encoders name a class of PyTorch.
    private static LabelActivation? ScoreActivation(ModelConfig config)
    {
        string? name = config.OptionalObject("sentence_transformers")?.OptionalString("activation_fn") ?? config.OptionalString("sbert_ce_default_activation_function");
        return name switch
        {
            null => null,
            Modules + "linear.Identity" => LabelActivation.None,
            Modules + "activation.Sigmoid" => LabelActivation.Sigmoid,
            Modules + "activation.Softmax" => LabelActivation.Softmax,
            _ => throw new QuireException(ErrorKind.NotSupported, $"{config.File}: the activation {name} of scores is not supported; {Modules}linear.Identity and activation.Sigmoid are."),
        };
    }
}
