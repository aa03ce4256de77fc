using System.Text.Json;

namespace Quire.Tokenizers;

/// <summary>Reads a <c>model</c> of type BPE.</summary>
internal static class BpeConfig
{
    public static BpeModel Read(JsonConfig config)
    {
        if (config.Number("dropout", 0) != 0) throw config.NotSupported("a dropout, which is for training,");
        try
        {
            return new BpeModel(Vocabulary(config), Merges(config), new BpeOptions
            {
                UnknownToken = config.OptionalString("unk_token"),
                ContinuingSubwordPrefix = config.OptionalString("continuing_subword_prefix") ?? "",
                EndOfWordSuffix = config.OptionalString("end_of_word_suffix") ?? "",
                FuseUnknown = config.Bool("fuse_unk", false),
                ByteFallback = config.Bool("byte_fallback", false),
                IgnoreMerges = config.Bool("ignore_merges", false),
            });
        }
        catch (FormatException error)
        {
            throw config.Bad($"is broken: {error.Message}");
        }
    }

    public static Dictionary<string, int> Vocabulary(JsonConfig model)
    {
        JsonConfig vocabulary = model.Object("vocab");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty entry in vocabulary.Properties)
        {
            string token = vocabulary.Name(entry);
            ids[token] = entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetInt32(out int id) && id >= 0
                ? id
                : throw vocabulary.Bad($"gives {token} an id that is no integer");
        }
        return ids;
    }

    private static List<(string, string)> Merges(JsonConfig model)
    {
        JsonElement merges = model.Array("merges");
        var pairs = new List<(string, string)>(merges.GetArrayLength());
        foreach (JsonElement merge in merges.EnumerateArray()) pairs.Add(Pair(model, merge, pairs.Count));
        return pairs;
    }

    private static (string Left, string Right) Pair(JsonConfig model, JsonElement merge, int index)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2) return (model.Text(merge[0], "merge"), model.Text(merge[1], "merge"));
        string[] words = merge.ValueKind == JsonValueKind.String ? model.Text(merge, "merge").Split(' ') : [];
        return words is [var left, var right] ? (left, right) : throw model.Bad($"has merges[{index}] that is not two tokens");
    }
}
