using System.Text.Json;

namespace Quire.Tokenizers;

/// <summary>Reads a <c>model</c> of type Unigram.</summary>
internal static class UnigramConfig
{
    public static UnigramModel Read(JsonConfig config)
    {
        var vocabulary = new List<(string, double)>();
        foreach (JsonElement entry in config.Array("vocab").EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[1].ValueKind != JsonValueKind.Number)
                throw config.Bad($"has vocab[{vocabulary.Count}] that is not [token, score]");
            vocabulary.Add((config.Text(entry[0], "token"), ReferenceDecimal.Parse(entry[1].GetRawText())));
        }
        int? unknown = config.Has("unk_id") ? config.Int("unk_id") : null;
        if (unknown < 0 || unknown >= vocabulary.Count) throw config.Bad($"has unk_id {unknown} in a vocabulary of {vocabulary.Count}");
        return new UnigramModel(vocabulary, unknown, config.Bool("byte_fallback", false));
    }
}
