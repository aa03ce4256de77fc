using System.Collections.Concurrent;

namespace Quire.Formats;

/// <summary>Every scheme that a checkpoint may name as its <c>quant_method</c>.</summary>
public static class QuantizationSchemes
{
    /// <summary>Reads a scheme's part of the configuration.</summary>
    private delegate QuantizationScheme Reader(ConfigObject config);

    private static readonly ConcurrentDictionary<string, Reader> Readers = new(new Dictionary<string, Reader>
    {
        ["awq"] = config => new AwqScheme(config),
        ["gptq"] = config => new GptqScheme(config),
        ["fp8"] = config => new Fp8Scheme(config),
        ["compressed-tensors"] = config => new CompressedTensorsScheme(config),
        ["modelopt"] = config => new ModelOptScheme(config),
        ["bitsandbytes"] = config => new BitsAndBytesScheme(config),
        ["mxfp4"] = _ => new Mxfp4Scheme(),
    });

    /// <summary>Names that checkpoints may have.</summary>
    public static IReadOnlyCollection<string> Names => [.. Readers.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Adds a scheme of your own.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public static void Register(string method, Func<ConfigObject, QuantizationScheme> read)
    {
        if (!Readers.TryAdd(method, config => read(config))) throw new ArgumentException($"{method} has a scheme already", nameof(method));
    }

    /// <summary>The checkpoint's scheme, or null where its weights are plain numbers.</summary>
    /// <exception cref="QuireException">The scheme is unknown or its settings make no sense.</exception>
    public static QuantizationScheme? Of(Checkpoint checkpoint)
    {
        return checkpoint.Config.IsGguf || Settings(checkpoint) is not { } config ? null : Read(config);
    }

    /// <summary>A scheme from its settings.</summary>
    /// <exception cref="QuireException">The scheme is unknown or its settings make no sense.</exception>
    public static QuantizationScheme Read(ConfigObject config)
    {
        // ModelOpt's own file says it without a method.
        string method = config.OptionalString("quant_method") ?? (config.Has("quant_algo") ? "modelopt" : throw config.Bad("quant_method", "is missing"));
        if (Readers.TryGetValue(method, out Reader? read)) return read(config);
        throw config.Bad("quant_method", $"is {method}; {string.Join(", ", Names)} are supported");
    }

    private static ConfigObject? Settings(Checkpoint checkpoint)
    {
        if (checkpoint.Config.Quantization is { } config) return config;
        string beside = Path.Combine(checkpoint.Path, "hf_quant_config.json");
        return File.Exists(beside) ? ConfigObject.ReadFile(beside).OptionalObject("quantization") : null;
    }
}
