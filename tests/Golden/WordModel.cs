using System.Text.Json;

namespace Quire.Golden;

/// <summary>A copy of a checkpoint of <c>golden/families</c> with a tokenizer whose words are ids, so that texts become the reference's prompts.</summary>
internal sealed class WordModel : IDisposable
{
    public WordModel(string name)
    {
        string folder = FamilyFolders.Path(name);
        Folder = Directory.CreateTempSubdirectory("quire").FullName;
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(file => !file.Contains("golden" + Path.DirectorySeparatorChar + "golden", StringComparison.Ordinal)))
        {
            string target = Path.Combine(Folder, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, File.ReadAllBytes(file));
        }
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        JsonElement text = config.RootElement.TryGetProperty("text_config", out JsonElement nested) ? nested : config.RootElement;
        Vocabulary = text.GetProperty("vocab_size").GetInt32();
        File.WriteAllText(Path.Combine(Folder, "tokenizer.json"), JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = Array.Empty<object>(),
            pre_tokenizer = new { type = "WhitespaceSplit" },
            model = new { type = "WordPiece", unk_token = "w0", continuing_subword_prefix = "##", max_input_chars_per_word = 100, vocab = Enumerable.Range(0, Vocabulary).ToDictionary(id => $"w{id}") },
        }));
    }

    public string Folder { get; }

    public int Vocabulary { get; }

    public static string Text(IEnumerable<int> ids) => string.Join(' ', ids.Select(id => $"w{id}"));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
