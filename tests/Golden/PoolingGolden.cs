using System.Text.Json;
using Quire.Formats;

namespace Quire.Golden;

/// <summary>An embedder or classifier of <c>golden/families</c>: its prompts, and the reference's row for each.</summary>
internal sealed class PoolingGolden : IDisposable
{
    private readonly JsonElement json;
    private readonly SafetensorsFile tensors;

    public PoolingGolden(string name)
    {
        Folder = FamilyFolders.Path(name);
        json = FamilyFolders.Read(Folder);
        tensors = SafetensorsFile.Open(Path.Combine(Folder, "golden", "golden.safetensors"));
        Prompts = [.. json.GetProperty("prompts").EnumerateArray().Select(Ids)];
        TokenTypes = json.GetProperty("token_type_ids") is { ValueKind: JsonValueKind.Array } types ? [.. types.EnumerateArray().Select(Ids)] : null;
    }

    public string Folder { get; }

    public int[][] Prompts { get; }

    /// <summary>By prompt; null where the model was given none.</summary>
    public int[][]? TokenTypes { get; }

    public bool IsClassifier => json.GetProperty("kind").GetString() == "classify";

    /// <summary>A classifier's numbers of a prompt, or an embedder's embedding of length 1.</summary>
    public float[] Row(int prompt) => tensors.Tensors[$"{(IsClassifier ? "logits" : "embedding")}_{prompt}"].View.AsSpan<float>().ToArray();

    /// <summary>An embedder's rows of a prompt's tokens after the final norm; null for prompts of which the reference has none.</summary>
    public float[][]? Tokens(int prompt) => tensors.Tensors.TryGetValue($"last_hidden_{prompt}", out SafetensorsTensor? rows)
        ? [.. rows.View.AsSpan<float>().ToArray().Chunk((int)rows.Shape.Columns)]
        : null;

    /// <summary>A classifier's probabilities.</summary>
    public float[] Probabilities(int prompt) => [.. json.GetProperty("activated")[prompt].EnumerateArray().Select(value => value.GetSingle())];

    public double Tolerance(string name) => json.GetProperty("tolerance").GetProperty(name).GetDouble();

    public void Dispose() => tensors.Dispose();

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
}
