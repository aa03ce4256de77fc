using Quire.Golden;

namespace Quire.Conformance.Formats;

/// <summary>
/// Cases found in the golden folder. A theory must have at least one row, so an absent folder gives one empty name, which the test skips.
/// </summary>
internal static class GoldenCases
{
    public static TheoryData<string> Files(string folder, string pattern) => Names(Under(folder) is { } path ? Directory.GetFiles(path, pattern) : []);

    public static TheoryData<string> Folders(string folder, string with) =>
        Names(Under(folder) is { } path ? Directory.GetDirectories(path).Where(sub => File.Exists(Path.Combine(sub, with))) : []);

    public static TheoryData<string> Names(IEnumerable<string> paths) => [.. paths.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).DefaultIfEmpty("")];

    /// <summary>The path of a case; skips the test where the data set has none.</summary>
    public static string Require(string folder, string name)
    {
        Assert.SkipWhen(name.Length == 0, $"no {folder} in {GoldenFolder.Root}");
        return Path.Combine(Under(folder)!, name);
    }

    private static string? Under(string folder)
    {
        string[] parts = folder.Split('/', 2);
        string? path = GoldenFolder.Find(parts[0]);
        if (path is not null && parts.Length > 1) path = Path.Combine(path, parts[1]);
        return Directory.Exists(path) ? path : null;
    }
}
