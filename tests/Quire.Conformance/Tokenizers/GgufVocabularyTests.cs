using System.IO.Compression;
using System.Text.Json;
using Quire.Formats;
using Quire.Golden;
using Quire.Tokenizers;

namespace Quire.Conformance.Tokenizers;

/// <summary>llama.cpp's vocabulary test vectors.</summary>
[Trait("golden", "tokenizers")]
public sealed class GgufVocabularyTests
{
    private const string Prefix = "ggml-vocab-";

    // Vectors whose GGUF file is not here, and the tokenizer.json with the same vocabulary and merges.
    private static readonly Dictionary<string, string> sameVocabulary = new() { ["qwen2"] = "real/qwen3", ["llama-bpe"] = "real/llama3_2", ["bert-bge"] = "real/bert" };

    public static IEnumerable<TheoryDataRow<string>> Vectors =>
        GoldenFolder.Find("tokenizers/llamacpp") is { } folder && Directory.GetFiles(folder, "*.inp") is { Length: > 0 } files
            ? files.Order(StringComparer.Ordinal).Select(file => new TheoryDataRow<string>(Path.GetFileNameWithoutExtension(file)))
            : [new TheoryDataRow<string>("")];

    [Theory, MemberData(nameof(Vectors))]
    public void Ids_of_texts(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/tokenizers/llamacpp here");
        string file = Path.Combine(GoldenFolder.Find("tokenizers/llamacpp")!, name);
        Tokenizer tokenizer = Load(file, name.Replace(Prefix, "", StringComparison.Ordinal).Replace(".gguf", "", StringComparison.Ordinal));
        string[] texts = File.ReadAllText(file + ".inp").Split("\n__ggml_vocab_test__\n");
        string[] expected = File.ReadAllText(file + ".out").Split('\n');
        var differences = new Differences();
        for (int i = 0; i < texts.Length; i++)
        {
            int[] ids = [.. expected[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
            differences.Compare(JsonSerializer.Serialize(texts[i]), ids, tokenizer.Encode(texts[i], addSpecialTokens: false, parseSpecialTokens: false));
        }
        differences.AssertNone();
    }

    /// <summary>A Unigram vocabulary as a GGUF file would have it: pieces, scores, types and the table of replacements.</summary>
    [Fact]
    public void Unigram_ids_equal_those_of_its_tokenizer_json()
    {
        const string folder = "real/unigram";
        if (!TokenizerGolden.FoldersWith("tokenizer.json").Contains(folder)) Assert.Skip($"no golden/tokenizers/{folder} here");
        using TokenizerGolden golden = TokenizerGolden.Open(folder);
        using JsonDocument json = GoldenFolder.ReadJson(Path.Combine(GoldenFolder.Find("tokenizers")!, folder, "tokenizer.json"));
        JsonElement root = json.RootElement;
        HashSet<int> special = [.. root.GetProperty("added_tokens").EnumerateArray().Select(token => token.GetProperty("id").GetInt32())];
        (string Token, float Score)[] pieces = [.. root.GetProperty("model").GetProperty("vocab").EnumerateArray().Select(entry => (entry[0].GetString()!, entry[1].GetSingle()))];
        Tokenizer tokenizer = Tokenizer.FromGguf(new GgufVocabularyData
        {
            Model = "t5",
            Tokens = [.. pieces.Select(piece => piece.Token)],
            Scores = [.. pieces.Select(piece => piece.Score)],
            TokenTypes = [.. pieces.Select((piece, id) => special.Contains(id) ? 3 : piece.Token.StartsWith("<0x", StringComparison.Ordinal) ? 6 : 1)],
            CharacterMap = Convert.FromBase64String(root.GetProperty("normalizer").GetProperty("normalizers")[0].GetProperty("precompiled_charsmap").GetString()!),
            AddSpacePrefix = true,
            RemoveExtraWhitespaces = true,
        }, folder);
        var differences = new Differences();
        foreach (JsonElement item in golden.Cases("cases.json", "cases"))
        {
            string text = item.GetProperty("text").GetString()!;
            int[] expected = TokenizerGolden.Ids(item.GetProperty("ids_special")), actual = tokenizer.Encode(text, addSpecialTokens: true);
            // The reference reads its decimals a little wrong, and so decides ties between orders of the same pieces.
            if (text.StartsWith("=====", StringComparison.Ordinal)) (expected, actual) = ([.. expected.Order()], [.. actual.Order()]);
            differences.Compare(JsonSerializer.Serialize(text), expected, actual);
        }
        differences.AssertNone();
    }

    private static Tokenizer Load(string file, string name)
    {
        try
        {
            if (File.Exists(file + ".gz")) return FromGguf(file + ".gz");
            if (sameVocabulary.TryGetValue(name, out string? folder) && TokenizerGolden.FoldersWith("tokenizer.json").Contains(folder)) return FromTokenizerJson(folder, name);
        }
        catch (QuireException error) when (error.Kind == ErrorKind.NotSupported)
        {
            Assert.Skip(error.Message[(error.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
        }
        Assert.Skip("no GGUF vocabulary beside these vectors");
        throw new InvalidOperationException();
    }

    private static Tokenizer FromGguf(string path)
    {
        string unpacked = Path.GetTempFileName();
        try
        {
            using (var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
            using (FileStream output = File.Create(unpacked))
                gzip.CopyTo(output);
            using GgufFile file = GgufFile.Open(unpacked);
            return Tokenizer.FromGguf(GgufVocabularyData.Read(file)!, path);
        }
        finally
        {
            File.Delete(unpacked);
        }
    }

    /// <summary>The vocabulary as a GGUF file would have it, so that only the pre-tokenizer's name says how to split.</summary>
    private static Tokenizer FromTokenizerJson(string folder, string pre)
    {
        using JsonDocument json = GoldenFolder.ReadJson(Path.Combine(GoldenFolder.Find("tokenizers")!, folder, "tokenizer.json"));
        JsonElement model = json.RootElement.GetProperty("model");
        (string Token, int Id)[] tokens = [.. model.GetProperty("vocab").EnumerateObject().Select(token => (token.Name, token.Value.GetInt32()))];
        var names = new string[tokens.Max(token => token.Id) + 1];
        foreach ((string token, int id) in tokens) names[id] = token;
        if (model.GetProperty("type").GetString() == "WordPiece") return Tokenizer.FromGguf(WordPiece(names), folder);
        string[] merges = [.. model.GetProperty("merges").EnumerateArray().Select(merge => merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0].GetString()} {merge[1].GetString()}")];
        return Tokenizer.FromGguf(new GgufVocabularyData { Model = "gpt2", Pre = pre, Tokens = names, Merges = merges }, folder);
    }

    /// <summary>GGUF files mark the beginnings of words, where BERT's own vocabulary marks the continuations.</summary>
    private static GgufVocabularyData WordPiece(string[] names)
    {
        bool IsControl(string name) => name is ['[', .., ']'] && name.Length > 3;
        return new GgufVocabularyData
        {
            Model = "bert",
            Tokens = [.. names.Select(name => IsControl(name) ? name : name.StartsWith("##", StringComparison.Ordinal) && name.Length > 2 ? name[2..] : "▁" + name)],
            TokenTypes = [.. names.Select(name => IsControl(name) ? 3 : 1)],
        };
    }
}
