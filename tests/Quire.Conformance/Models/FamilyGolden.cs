using System.Text.Json;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Models;

/// <summary>One folder of <c>golden/families</c>: a checkpoint and what the reference computes from it.</summary>
internal sealed class FamilyGolden : IDisposable
{
    private readonly JsonDocument json;

    private FamilyGolden(string folder, JsonDocument json)
    {
        Folder = folder;
        this.json = json;
        Prompts = [.. Root.GetProperty("prompts").EnumerateArray().Select(Ids)];
        Greedy = [.. Root.GetProperty("greedy").EnumerateArray().Select(g => (Ids(g.GetProperty("tokens")), g.GetProperty("margin").EnumerateArray().Select(m => m.GetDouble()).ToArray()))];
    }

    public string Folder { get; }

    public int[][] Prompts { get; }

    public (int[] Tokens, double[] Margins)[] Greedy { get; }

    private JsonElement Root => json.RootElement;

    public double Tolerance(string name) => Root.GetProperty("tolerance").GetProperty(name).GetDouble();

    /// <summary>Folders of models that give logits of tokens.</summary>
    public static IEnumerable<TheoryDataRow<string>> Names => FamilyFolders.Of(kind => kind == "causal");

    /// <summary>Loads a folder; skips the test where the data set has none, or where the library itself refuses the checkpoint as not supported.</summary>
    public static FamilyGolden Load(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/families here");
        string folder = Path.Combine(GoldenFolder.Find("families")!, name);
        JsonDocument json = GoldenFolder.ReadJson(Path.Combine(folder, "golden", "golden.json"));
        var golden = new FamilyGolden(folder, json);
        try
        {
            ModelConfig config = ModelConfig.Read(Path.Combine(folder, "config.json"));
            Quire.Models.ModelFamilies.Of(config).Describe(config);
        }
        catch (QuireException e) when (e.Kind == ErrorKind.NotSupported)
        {
            Assert.Skip($"{name}: {e.Message[(e.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..].Split(';')[0]}");
        }
        return golden;
    }

    /// <summary>A second reading of the configuration: rotation chosen once for the longest sequence, as a paged cache needs.</summary>
    public bool HasAlternative => Root.TryGetProperty("alternative", out _);

    /// <summary>Reference logits of a prompt by row: all rows, or the last row alone. Of the alternative where there is one.</summary>
    public float[][] Logits(int prompt)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, "golden", HasAlternative ? "golden_alt.safetensors" : "golden.safetensors"));
        return Rows(file, $"logits_{prompt}");
    }

    /// <summary>States between layers that the reference recorded, of one prompt: their names, after how many layers they are (null: after all and the final norm), and their numbers.</summary>
    public (int Prompt, (string Name, int? Layers, float[] Values)[] States) Hidden()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, "golden", HasAlternative ? "golden_alt.safetensors" : "golden.safetensors"));
        const string layer = "hidden_layer_";
        return (Root.GetProperty("hidden_prompt").GetInt32(), [.. Root.GetProperty("hidden_names").EnumerateArray().Select(name => name.GetString()!).Where(file.Tensors.ContainsKey).Select(name => (name,
            name == "hidden_final" ? (int?)null : name == "hidden_embed" ? 0 : int.Parse(name[layer.Length..]) + 1,
            file.Tensors[name].View.AsSpan<float>().ToArray()))]);
    }

    private static float[][] Rows(SafetensorsFile file, string name)
    {
        var view = file.Tensors[name].View;
        int columns = (int)view.Shape.Columns;
        return [.. view.AsSpan<float>().ToArray().Chunk(columns)];
    }

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];

    public void Dispose() => json.Dispose();
}
