using System.Collections.Concurrent;
using Quire.Formats;

namespace Quire.Models;

/// <summary>The families of this build, by architecture name.</summary>
public static class ModelFamilies
{
    public static IReadOnlyList<IModelFamily> All { get; } =
    [
        new Llama(), new Mistral(), new Qwen2(), new Qwen3(), new Phi3(), new SeedOss(), new Ernie45(), new HunYuanDense(), new SmolLm3(), new Granite(),
        new Gemma(), new Gemma2(), new Gemma3(), new Gemma3Conditional(), new Olmo2(), new Olmo3(), new Exaone4(), new Glm(), new Glm4(),
        new Starcoder2(), new StableLm(), new Cohere(), new Cohere2(), new Olmo(), new Nemotron(), new Phi(), new GptNeoX(), new GptJ(),
        new Mixtral(), new Qwen2Moe(), new Qwen3Moe(), new Olmoe(), new GraniteMoe(), new Ernie45Moe(), new Glm4Moe(), new MiniMaxM2(), new GptOss(),
        new Gpt2(), new GptBigCode(), new Opt(), new Bloom(), new Falcon(), new Mpt(), new Apertus(), new Llama4(), new MiniCpm3(), new DeepSeek(),
        new Lfm2(), new Qwen3Next(), new Bert(), new Roberta(), new ModernBert(),
    ];

    private static readonly ConcurrentDictionary<string, IModelFamily> ByArchitecture =
        new(All.SelectMany(family => family.Architectures.Select(name => KeyValuePair.Create(name, family))));

    /// <summary>Adds a family of your own.</summary>
    /// <exception cref="ArgumentException">One of its architectures has a family already.</exception>
    public static void Register(IModelFamily family)
    {
        foreach (string name in family.Architectures)
            if (!ByArchitecture.TryAdd(name, family)) throw new ArgumentException($"{name} has a family already", nameof(family));
    }

    /// <summary>True for the class of a decoder without its head, such as <c>Qwen3Model</c>: what embedders are often saved as.</summary>
    public static bool IsBare(string architecture) => architecture.EndsWith("Model", StringComparison.Ordinal) && !ByArchitecture.ContainsKey(architecture);

    // The decoder of a classifier's name; where there are two, the one whose configurations nest the text model's is for those.
    private static IModelFamily? Decoder(string architecture, ModelConfig config)
    {
        if (!architecture.EndsWith(DecoderClassifier.Suffix, StringComparison.Ordinal)) return null;
        string name = architecture[..^DecoderClassifier.Suffix.Length];
        string[] ends = config.Has("text_config") ? ["ForConditionalGeneration", "ForCausalLM"] : ["ForCausalLM", "LMHeadModel"];
        return ends.Select(end => ByArchitecture.GetValueOrDefault(name + end)).FirstOrDefault(family => family is not null);
    }

    /// <summary>The family of a configuration.</summary>
    /// <exception cref="QuireException">None of its architectures is supported; the message names those that are.</exception>
    public static IModelFamily Of(ModelConfig config)
    {
        foreach (string name in config.Architectures)
        {
            if (ByArchitecture.TryGetValue(name, out IModelFamily? family) || (IsBare(name) && ByArchitecture.TryGetValue(name[..^"Model".Length] + "ForCausalLM", out family))) return family;
            if (Decoder(name, config) is { } decoder) return new DecoderClassifier(decoder);
        }
        throw new QuireException(ErrorKind.NotSupported,
            $"{config.File}: architecture {(config.Architectures.Count == 0 ? "(none given)" : string.Join(", ", config.Architectures))} is not supported; "
            + $"{(config.Architectures.Count == 0 ? "" : $"the nearest is {NearestName.Of(config.Architectures[0], ByArchitecture.Keys.Order())}; ")}known are {string.Join(", ", ByArchitecture.Keys.Order())}, and {DecoderClassifier.Suffix} in the place of a decoder's ForCausalLM.");
    }
}
