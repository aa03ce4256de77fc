using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>Every decoder of <c>golden/families</c> with a classifier's head of its own, <c>score.weight</c>: rows of its LM head, so that its numbers are those that <see cref="TokenClassifierTests"/> compares with the reference.</summary>
[Trait("golden", "families")]
public sealed class OwnClassifierTests
{
    private static readonly int[] tokens = [16, 29, 7];

    public static IEnumerable<TheoryDataRow<string>> Names => FamilyGolden.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_head_of_its_own_gives_what_the_same_rows_of_the_LM_head_give(string name)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        ModelConfig config = ModelConfig.Read(Path.Combine(golden.Folder, "config.json"));
        FamilyTests.SkipDynamicRope(name, ModelFamilies.Of(config).Describe(config));
        using var copy = new WordModel(name);
        float[][] expected = await Classify(golden, copy.Folder, TokenClassifier.Overrides(copy.Folder, "no_post_processing", tokens));
        WriteHead(copy.Folder);
        string own = JsonSerializer.Serialize(new { architectures = new[] { TokenClassifier.Name(copy.Folder) }, num_labels = tokens.Length });
        float[][] actual = await Classify(golden, copy.Folder, own);
        // The same product; only projections before it may be multiplied in another place.
        for (int i = 0; i < expected.Length; i++)
            for (int label = 0; label < tokens.Length; label++) Assert.Equal(expected[i][label], actual[i][label], golden.Tolerance("f32_max_abs"));
    }

    private static async Task<float[][]> Classify(FamilyGolden golden, string folder, string overrides)
    {
        await using QuireEngine engine = await QuireEngine.LoadAsync(folder, new QuireOptions { DType = "float32", KvCacheBytes = 64 << 20, HfOverrides = overrides });
        return await Task.WhenAll(golden.Prompts.Select(prompt => engine.ClassifyAsync(prompt)));
    }

    private static void WriteHead(string folder)
    {
        const string file = "score.safetensors", whole = "decoder.safetensors";
        var map = new JsonObject { ["score.weight"] = file };
        using (Checkpoint checkpoint = Checkpoint.Open(folder))
        {
            string[] heads = ["lm_head.weight", "embed_out.weight", "embed_tokens.weight", "wte.weight", "word_embeddings.weight"];
            CheckpointTensor head = checkpoint.Get(heads.Select(end => checkpoint.TensorNames.FirstOrDefault(stored => stored.EndsWith(end, StringComparison.Ordinal))).First(found => found is not null)!);
            var rows = new float[tokens.Length * head.Shape.Columns];
            for (int i = 0; i < tokens.Length; i++) head.ReadRows(tokens[i], 1, rows.AsSpan((int)(i * head.Shape.Columns), (int)head.Shape.Columns));
            SafetensorsWriter.Write(Path.Combine(folder, file), [new SafetensorsPart("score.weight", "F32", new Shape(tokens.Length, head.Shape.Columns), rows.Length * sizeof(float), stream => stream.Write(MemoryMarshal.AsBytes(rows.AsSpan())))]);
            if (!File.Exists(Index(folder))) foreach (string stored in checkpoint.TensorNames) map[stored] = whole;
        }
        // A file of the usual name would be taken for all there is.
        if (!File.Exists(Index(folder))) File.Move(Path.Combine(folder, "model.safetensors"), Path.Combine(folder, whole));
        JsonObject index = File.Exists(Index(folder)) ? JsonNode.Parse(File.ReadAllText(Index(folder)))!.AsObject() : new JsonObject { ["weight_map"] = new JsonObject() };
        foreach ((string stored, JsonNode? part) in map) index["weight_map"]![stored] = part!.DeepClone();
        File.WriteAllText(Index(folder), index.ToJsonString());
    }

    private static string Index(string folder) => Path.Combine(folder, "model.safetensors.index.json");
}
