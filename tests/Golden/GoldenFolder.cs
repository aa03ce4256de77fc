using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Quire.Golden;

/// <summary>Where reference data lies: <c>QUIRE_GOLDEN</c> and <c>QUIRE_MODELS</c>, else <c>../shared</c> beside the repository, else the checked-in subset <c>tests/golden</c>.</summary>
public static class GoldenFolder
{
    /// <summary>The repository's root folder.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder that holds <c>families/</c>, <c>tokenizers/</c>, ...</summary>
    public static string Root { get; } = Choose("QUIRE_GOLDEN", "golden", "tests/golden");

    /// <summary>The folder that holds <c>demo/</c>, <c>smollm2/</c>.</summary>
    public static string Models { get; } = Choose("QUIRE_MODELS", "models", "models");

    /// <summary>The golden sub-folder of this name, or null where this data set has none.</summary>
    public static string? Find(string name) => Path.Combine(Root, name) is var path && Directory.Exists(path) ? path : null;

    /// <summary>The sub-folders of this name, of the data set and of the checked-in subset, which may hold what the data set does not.</summary>
    public static IEnumerable<string> FindAll(string name) =>
        new[] { Root, Path.Combine(Repository, "tests", "golden") }.Distinct().Select(root => Path.Combine(root, name)).Where(Directory.Exists);

    /// <summary>Reads JSON, from <paramref name="path"/> or from <paramref name="path"/> + ".gz".</summary>
    public static JsonDocument ReadJson(string path)
    {
        if (File.Exists(path)) return JsonDocument.Parse(File.ReadAllBytes(path));
        using var gzip = new GZipStream(File.OpenRead(path + ".gz"), CompressionMode.Decompress);
        return JsonDocument.Parse(gzip);
    }

    private static string Choose(string variable, string shared, string subset)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set)
            return Directory.Exists(set) ? Path.GetFullPath(set) : throw new DirectoryNotFoundException($"{variable} names {set}, which is not a folder");
        string beside = Path.Combine(Repository, "..", "shared", shared);
        return Path.GetFullPath(Directory.Exists(beside) ? beside : Path.Combine(Repository, subset));
    }

    private static string FindRepository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
