using System.Text.Json;
using Quire.Golden;

namespace Quire.Conformance.Tokenizers;

/// <summary>What one name of <c>tokenizer.ggml.pre</c> makes of texts.</summary>
/// <param name="Tokens">By text, the lengths in bytes of its tokens in <paramref name="Vocabulary"/>.</param>
internal sealed record GgufPreTokenizerVector(PieceVocabulary Vocabulary, IReadOnlyDictionary<string, string> Tokens, bool Bos, bool Eos)
{
    /// <summary>By name, from the vectors of every golden folder and from the lists of what models themselves do where llama.cpp differs.</summary>
    public static Dictionary<string, GgufPreTokenizerVector> ReadAll()
    {
        var found = new Dictionary<string, GgufPreTokenizerVector>();
        foreach (string folder in GoldenFolder.FindAll("tokenizers/pre-tokenizers"))
        {
            foreach (string file in Directory.GetFiles(folder, "*.json.gz")) AddVectors(found, file[..^".gz".Length]);
            string differences = Path.Combine(folder, "differences.json");
            if (File.Exists(differences)) Correct(found, differences);
        }
        return found;
    }

    private static void AddVectors(Dictionary<string, GgufPreTokenizerVector> found, string file)
    {
        using JsonDocument json = GoldenFolder.ReadJson(file);
        string[] texts = Strings(json.RootElement.GetProperty("texts"));
        PieceVocabulary inBytes = new(texts, inBytes: true), inCharacters = new(texts, inBytes: false);
        foreach (JsonElement item in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            var tokens = texts.Zip(Strings(item.GetProperty("tokens"))).ToDictionary();
            var vector = new GgufPreTokenizerVector(item.GetProperty("characters").GetBoolean() ? inCharacters : inBytes, tokens, item.GetProperty("bos").GetBoolean(), item.GetProperty("eos").GetBoolean());
            foreach (string name in Strings(item.GetProperty("names"))) found[name] = vector;
        }
    }

    private static void Correct(Dictionary<string, GgufPreTokenizerVector> found, string file)
    {
        using JsonDocument json = GoldenFolder.ReadJson(file);
        foreach (JsonElement item in json.RootElement.EnumerateArray())
        {
            foreach (string name in Strings(item.GetProperty("names")))
            {
                var tokens = new Dictionary<string, string>(found[name].Tokens);
                foreach (JsonProperty text in item.GetProperty("texts").EnumerateObject())
                {
                    if (tokens[text.Name] == text.Value.GetString()) throw new InvalidDataException($"{file} lists {text.Name} for {name}, where llama.cpp agrees");
                    tokens[text.Name] = text.Value.GetString()!;
                }
                found[name] = found[name] with { Tokens = tokens };
            }
        }
    }

    private static string[] Strings(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString()!)];
}
