using System.Text.RegularExpressions;
using Quire.Formats;

namespace Quire.Models;

/// <summary>Tensors that a checkpoint has and a model was not made of: a bias or a norm among them means that the file holds another model.</summary>
internal static partial class UnreadTensors
{
    private const int Named = 5;

    /// <summary>Refuses a GGUF file with such tensors; its converters write none that a model has no use for, and llama.cpp loads none either.</summary>
    /// <exception cref="QuireException">There are some; the message names them.</exception>
    public static void RefuseIn(Checkpoint file, ModelSpec spec, IEnumerable<string> unread)
    {
        string[] names = [.. unread.Where(name => !IsLeftOut(name, spec)).Order(StringComparer.Ordinal)];
        if (names.Length == 0) return;
        throw new QuireException(ErrorKind.NotSupported, $"{file.Path} holds {string.Join(", ", names.Take(Named))}{(names.Length > Named ? $" and {names.Length - Named} more" : "")}, which {file.Config.Architectures[0]} with these keys has no use for: "
            + "the file has lost tensors or keys that belong to them, or is of a form that this build does not support.");
    }

    /// <summary>Those of a Hugging Face checkpoint's running layers. Elsewhere such files hold much that is harmless: other heads, towers for pictures, buffers.</summary>
    public static IReadOnlyList<string> OfLayers(IEnumerable<string> unread, ModelSpec spec) =>
        [.. unread.Where(name => Layer().Match(name) is { Success: true } match && int.TryParse(match.Groups["layer"].ValueSpan, out int layer) && layer < spec.Layers.Count
            && !Tower().IsMatch(name) && !Buffer().IsMatch(name)).Order(StringComparer.Ordinal)];

    private static bool IsLeftOut(string name, ModelSpec spec) => name switch
    {
        // Read with the configuration, as lists.
        "rope_freqs.weight" or "rope_factors_long.weight" or "rope_factors_short.weight" => spec.Layers.Any(layer => layer.Attention?.Rope is not null),
        // Of decoders that are run as embedders.
        "output.weight" or "output.bias" => spec.Pooler is not null,
        // Of encoders that were trained to fill in words.
        "cls.weight" or "cls.bias" or "cls.norm.weight" => spec is { IsEncoder: true, Pooler.Labels.Count: 0 },
        // Layers behind the last predict further tokens.
        _ => GgufLayerName.TrySplit(name, out int layer, out _) && layer >= spec.Layers.Count,
    };

    [GeneratedRegex(@"(^|\.)(layers|layer|h|blocks)\.(?<layer>\d+)\.")]
    private static partial Regex Layer();

    [GeneratedRegex(@"(^|\.)(vision|visual|audio|vision_tower|vision_model|audio_tower)\.")]
    private static partial Regex Tower();

    // Causal masks, frequencies and shapes of packed matrices, which follow from the configuration.
    [GeneratedRegex(@"(\.inv_freq|\.weight_shape|attn\.(masked_)?bias|attention\.(masked_)?bias)$")]
    private static partial Regex Buffer();
}
