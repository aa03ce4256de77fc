using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json;
using Quire.Golden;
using Quire.Tokenizers;

namespace Quire.Conformance.Tokenizers;

/// <summary>One folder of <c>golden/tokenizers</c>: a tokenizer.json and what it must do.</summary>
internal sealed class TokenizerGolden(string folder) : IDisposable
{
    private static readonly ConcurrentDictionary<string, Lazy<Tokenizer>> loaded = new();
    private readonly Dictionary<string, JsonDocument> documents = [];

    /// <summary>Every folder that holds <paramref name="file"/> (or it with .gz), as <c>real/qwen3</c>; one empty name when there is none.</summary>
    public static IEnumerable<string> FoldersWith(string file)
    {
        string? root = GoldenFolder.Find("tokenizers");
        string[] folders = root is null ? [] :
            [.. Directory.GetDirectories(root).SelectMany(Directory.GetDirectories)
                .Where(path => Exists(Path.Combine(path, file)) && Exists(Path.Combine(path, "tokenizer.json")))
                .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];
        return folders.Length > 0 ? folders : [""];
    }

    /// <summary>Skips the test when the data is absent or the tokenizer is of a kind that is refused.</summary>
    public static TokenizerGolden Open(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/tokenizers here");
        return new TokenizerGolden(Path.Combine(GoldenFolder.Find("tokenizers")!, name));
    }

    public Tokenizer Tokenizer
    {
        get
        {
            try
            {
                return loaded.GetOrAdd(folder, path => new Lazy<Tokenizer>(() => Load(path))).Value;
            }
            catch (QuireException error) when (error.Kind == ErrorKind.NotSupported)
            {
                Assert.Skip(error.Message.Replace(folder, "", StringComparison.Ordinal));
                throw;
            }
        }
    }

    public IEnumerable<JsonElement> Cases(string file, string list) =>
        Document(file).RootElement.TryGetProperty(list, out JsonElement cases) ? cases.EnumerateArray() : [];

    public void Dispose()
    {
        foreach (JsonDocument document in documents.Values) document.Dispose();
    }

    public static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];

    private JsonDocument Document(string file) =>
        documents.TryGetValue(file, out JsonDocument? known) ? known : documents[file] = GoldenFolder.ReadJson(Path.Combine(folder, file));

    private static bool Exists(string path) => File.Exists(path) || File.Exists(path + ".gz");

    private static Tokenizer Load(string folder)
    {
        string path = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(path)) return Tokenizer.FromFile(path);
        string unpacked = Path.GetTempFileName();
        try
        {
            using (var gzip = new GZipStream(File.OpenRead(path + ".gz"), CompressionMode.Decompress))
            using (FileStream output = File.Create(unpacked))
                gzip.CopyTo(output);
            return Tokenizer.FromFile(unpacked);
        }
        finally
        {
            File.Delete(unpacked);
        }
    }
}
