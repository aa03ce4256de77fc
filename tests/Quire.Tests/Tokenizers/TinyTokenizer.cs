using System.Text.Json.Nodes;
using Quire.Tokenizers;

namespace Quire.Tests.Tokenizers;

/// <summary>A byte-level tokenizer.json small enough to read.</summary>
internal static class TinyTokenizer
{
    /// <summary>The 256 bytes, the merges <c>a a</c> and so on up to 16 letters, and two added tokens.</summary>
    public static JsonObject Json()
    {
        var vocabulary = new JsonObject();
        foreach (int value in Enumerable.Range(0, 256)) vocabulary.Add(ByteAlphabet.CharOf((byte)value).ToString(), value);
        var merges = new JsonArray();
        foreach (string half in new[] { "a", "aa", "aaaa", "aaaaaaaa" })
        {
            vocabulary.Add(half + half, vocabulary.Count);
            merges.Add((JsonNode)new JsonArray(half, half));
        }
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(
                new JsonObject { ["id"] = 300, ["content"] = "<end>", ["special"] = true, ["normalized"] = false },
                new JsonObject { ["id"] = 301, ["content"] = "<tool>", ["special"] = false, ["normalized"] = false }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = merges },
        };
    }

    public static Tokenizer Load(JsonObject json) => LoadText(json.ToJsonString());

    public static Tokenizer LoadText(string json)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, json);
            return Tokenizer.FromFile(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
