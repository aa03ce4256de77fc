using System.Text.Json;

namespace Quire.Formats;

/// <summary>The files with which sentence-transformers says how a checkpoint's rows become embeddings.</summary>
/// <param name="PoolingMode">Which rows: <c>cls_token</c>, <c>mean_tokens</c>, <c>lasttoken</c>, ...; null where the folder does not say.</param>
/// <param name="Normalises">Embeddings have length 1.</param>
/// <param name="MaxSequenceLength">Tokens at most; null where the folder does not say.</param>
public sealed record SentenceTransformersFolder(string? PoolingMode, bool Normalises, int? MaxSequenceLength)
{
    private const string ModeKey = "pooling_mode_";

    // What newer files call the poolings, and what older ones do.
    private static readonly Dictionary<string, string> Newer = new() { ["cls"] = "cls_token", ["mean"] = "mean_tokens", ["lasttoken"] = "lasttoken", ["max"] = "max_tokens", ["weightedmean"] = "weightedmean_tokens" };

    /// <summary>True where there are such files.</summary>
    public static bool Is(string folder) => File.Exists(Path.Combine(folder, "modules.json"));

    /// <summary>Reads them; null where there are none.</summary>
    /// <exception cref="QuireException">They are broken, or ask for a module or a pooling that this build does not know.</exception>
    public static SentenceTransformersFolder? Read(string folder)
    {
        if (!Is(folder)) return null;
        string file = Path.Combine(folder, "modules.json");
        string? mode = null;
        bool normalises = false;
        foreach ((string type, string path) in Modules(file))
        {
            switch (type[(type.LastIndexOf('.') + 1)..])
            {
                case "Transformer": break;
                case "Pooling" when mode is not null: throw new QuireException(ErrorKind.NotSupported, $"{file}: has two poolings; one is supported.");
                case "Pooling": mode = Mode(Path.Combine(folder, path, "config.json")); break;
                case "Normalize": normalises = true; break;
                default: throw new QuireException(ErrorKind.NotSupported, $"{file}: the module {type} is not supported; Transformer, Pooling and Normalize are.");
            }
        }
        string settings = Path.Combine(folder, "sentence_bert_config.json");
        if (!File.Exists(settings)) return new SentenceTransformersFolder(mode, normalises, null);
        ConfigObject config = ConfigObject.ReadFile(settings);
        if (config.OptionalBool("do_lower_case") == true) throw config.Bad("do_lower_case", "is true; a tokenizer.json that does so itself is supported");
        return new SentenceTransformersFolder(mode, normalises, config.OptionalInt("max_seq_length", 1));
    }

    private static string Mode(string file)
    {
        ConfigObject config = ConfigObject.ReadFile(file);
        if (config.OptionalBool("include_prompt") == false) throw config.Bad("include_prompt", "is false; pooling without a prompt's tokens is not supported");
        if (config.OptionalStringOrList("pooling_mode") is { } newer)
            return newer.Count == 1 ? Newer.GetValueOrDefault(newer[0], newer[0]) : throw config.Bad("pooling_mode", $"is {string.Join(", ", newer)}; one pooling is supported");
        string[] modes = [.. config.Names().Where(name => name.StartsWith(ModeKey, StringComparison.Ordinal) && config.OptionalBool(name) == true)];
        return modes.Length switch
        {
            0 => "mean_tokens", // sentence-transformers' own default
            1 => modes[0][ModeKey.Length..],
            _ => throw config.Bad(modes[1], $"is true beside {modes[0]}; one pooling is supported"),
        };
    }

    private static List<(string Type, string Path)> Modules(string file)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
            if (json.RootElement.ValueKind != JsonValueKind.Array) throw QuireException.BadFile(file, "must hold a JSON array");
            return [.. json.RootElement.EnumerateArray().Select(module => (Text(module, "type"), Inside(Text(module, "path"))))];
        }
        catch (JsonException e)
        {
            throw QuireException.BadFile(file, $"is not valid JSON: {e.Message}", e);
        }

        // Folders of this folder.
        string Inside(string path) => path.Contains('\0', StringComparison.Ordinal) || Path.IsPathRooted(path) || path.Split('/', '\\').Contains("..")
            ? throw QuireException.BadFile(file, "has a path that leaves the folder")
            : path;

        string Text(JsonElement module, string name) =>
            module.ValueKind == JsonValueKind.Object && module.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw QuireException.BadFile(file, $"has a module without a {name}");
    }
}
