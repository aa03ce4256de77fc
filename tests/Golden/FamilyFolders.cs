using System.Text.Json;

namespace Quire.Golden;

/// <summary>The checkpoints of <c>golden/families</c>, discovered.</summary>
internal static class FamilyFolders
{
    /// <summary>Names of the folders of some kinds (causal, embed, classify); one empty name where there is none, so that the skip is counted.</summary>
    public static IEnumerable<TheoryDataRow<string>> Of(Func<string, bool> isWanted)
    {
        string[] folders = GoldenFolder.Find("families") is { } root ? Directory.GetDirectories(root) : [];
        return folders.Where(folder => File.Exists(System.IO.Path.Combine(folder, "golden", "golden.json")) && isWanted(Read(folder).GetProperty("kind").GetString()!))
            .Order().Select(folder => new TheoryDataRow<string>(System.IO.Path.GetFileName(folder))).DefaultIfEmpty(new TheoryDataRow<string>(""));
    }

    /// <summary>A checkpoint's folder.</summary>
    public static string Path(string name) => System.IO.Path.Combine(GoldenFolder.Find("families")!, name);

    /// <summary>A folder's golden.json.</summary>
    public static JsonElement Read(string folder)
    {
        using JsonDocument json = GoldenFolder.ReadJson(System.IO.Path.Combine(folder, "golden", "golden.json"));
        return json.RootElement.Clone();
    }
}
