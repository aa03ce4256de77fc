using Quire.Formats;
using Quire.Models;

namespace Quire;

/// <summary>What a model is run for.</summary>
public enum RunnerKind
{
    /// <summary>It continues texts.</summary>
    Generate,

    /// <summary>It gives a vector for each text.</summary>
    Embed,

    /// <summary>It gives a number for each label, of a text or of a pair.</summary>
    Classify,
}

/// <summary><c>--runner</c>: what a model is run for.</summary>
public static class RunnerChoice
{
    /// <summary>By flag; encoders and classifiers give no text, and sentence-transformers folders are embedders unless the flag says otherwise.</summary>
    /// <exception cref="QuireException">The flag has another value.</exception>
    public static RunnerKind Of(string model, QuireOptions options)
    {
        if (options.Runner is not ("auto" or "generate" or "pooling")) throw new QuireException(ErrorKind.InvalidRequest, $"--runner {options.Runner} is unknown; auto, generate and pooling are known.", param: "runner");
        try
        {
            string path = ModelLocation.Find(model);
            string config = Path.Combine(path, "config.json");
            ModelConfig? read = File.Exists(config) ? ModelConfig.Read(config, options.Overrides()) : ReadGguf(path, options);
            if (read is not null && ModelFamilies.Of(read).Describe(read).Pooler is { } own) return own.Labels.Count > 0 ? RunnerKind.Classify : RunnerKind.Embed;
            bool isEmbedder = SentenceTransformersFolder.Is(path) || read?.Architectures.Any(ModelFamilies.IsBare) == true || read is { IsGguf: true } && read.Has("pooling_type");
            return options.Runner == "pooling" || (options.Runner == "auto" && isEmbedder) ? RunnerKind.Embed : RunnerKind.Generate;
        }
        catch (QuireException)
        {
            // Loading says what is wrong.
            return options.Runner == "pooling" ? RunnerKind.Embed : RunnerKind.Generate;
        }
    }

    /// <summary>Checks, without reading weights, that a model will give text.</summary>
    /// <param name="asker">Who needs it, for the message.</param>
    /// <exception cref="QuireException">It gives embeddings or labels; the message says what answers for it.</exception>
    public static void NeedText(string model, QuireOptions options, string asker)
    {
        RunnerKind runner = Of(model, options);
        if (runner == RunnerKind.Generate) return;
        (string gives, string endpoints) = runner == RunnerKind.Classify ? ("labels", "/classify, /score and /rerank") : ("embeddings", "/v1/embeddings, /score and /rerank");
        string otherwise = options.HfOverrides is not null && Of(model, options with { HfOverrides = null }) == RunnerKind.Generate ? " Without --hf-overrides it gives text."
            : Of(model, options with { Runner = "generate" }) != RunnerKind.Generate ? ""
            : options.Runner == "pooling" ? " Without --runner pooling it gives text."
            : " With --runner generate it gives text.";
        throw new QuireException(ErrorKind.InvalidRequest, $"{asker} needs a model that gives text; {model} gives {gives}: `quire serve {model}` answers {endpoints}.{otherwise}", param: "model");
    }

    private static ModelConfig ReadGguf(string path, QuireOptions options)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path, options.Overrides());
        return checkpoint.Config;
    }

    /// <summary>The spec as it is run: with the pooler that its family, or the folder, asks for.</summary>
    /// <exception cref="QuireException">They ask for what the model cannot give.</exception>
    internal static ModelSpec WithPooler(ModelSpec spec, ModelConfig config, RunnerKind runner, SentenceTransformersFolder? folder, QuireOptions options)
    {
        if (spec.Pooler is not null && options.Runner == "generate")
            throw new QuireException(ErrorKind.InvalidRequest, $"{string.Join(", ", config.Architectures)} gives no text; --runner pooling or auto runs it.", param: "runner");
        if (config.Has("classifier_from_token") && spec.Pooler?.Tokens is null)
            throw config.Bad("classifier_from_token", spec.IsEncoder ? $"makes a classifier of a language model; {string.Join(", ", config.Architectures)} is an encoder, whose head is its own" : $"makes a classifier of a language model, and the architecture is {string.Join(", ", config.Architectures)}; name its classifier, as in --hf-overrides '{{\"architectures\": [\"Qwen3ForSequenceClassification\"]}}'");
        if (runner == RunnerKind.Generate) return spec;
        PoolerSpec pooler = spec.Pooler ?? Poolers.Embedder(config, Pooling.Last);
        if (runner == RunnerKind.Embed && folder?.PoolingMode is { } mode) pooler = pooler with { Pooling = Read(mode) };
        if (pooler.Pooling != Pooling.Last && !spec.IsEncoder)
            throw new QuireException(ErrorKind.NotSupported, $"{config.File}: of a decoder the last token's row can be taken; {folder?.PoolingMode ?? pooler.Pooling.ToString()} is asked for.");
        return spec with { Pooler = pooler };

        Pooling Read(string name) => name switch
        {
            "cls_token" => Pooling.First,
            "mean_tokens" => Pooling.Mean,
            "lasttoken" => Pooling.Last,
            "max_tokens" => Pooling.Max,
            "mean_sqrt_len_tokens" => Pooling.SumByRootLength,
            "weightedmean_tokens" => Pooling.WeightedMean,
            _ => throw new QuireException(ErrorKind.NotSupported, $"{config.File}: the pooling {name} is not supported; cls_token, lasttoken, max_tokens, mean_tokens, mean_sqrt_len_tokens and weightedmean_tokens are."),
        };
    }
}
