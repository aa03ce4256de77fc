using System.Text.Json.Nodes;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;

namespace Quire.Conformance.Models;

/// <summary>The families' golden checkpoints, written as llama.cpp's converter writes them, still give the reference's logits.</summary>
[Trait("golden", "families")]
public sealed class GgufFamilyTests
{
    /// <summary>Checkpoints of the classes that GGUF files hold.</summary>
    public static IEnumerable<TheoryDataRow<string>> Names => FamilyGolden.Names.Where(row => row.Data.Length == 0 || IsMapped(row.Data));

    [Theory, MemberData(nameof(Names))]
    public void Logits_of_a_GGUF_copy_equal_the_reference(string name) => Compare(name, GgufVariant.Usual);

    /// <summary>Checkpoints with latents, which the converter used to leave in one matrix.</summary>
    public static IEnumerable<TheoryDataRow<string>> WithLatents => OfClass("DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM");

    [Theory, MemberData(nameof(WithLatents))]
    public void Latents_may_be_one_matrix(string name) => Compare(name, GgufVariant.LatentsWhole);

    /// <summary>A class of each way to lay out attention and experts.</summary>
    public static IEnumerable<TheoryDataRow<string>> Fusible =>
        OfClass("LlamaForCausalLM", "Qwen2MoeForCausalLM", "PhiForCausalLM", "Glm4ForCausalLM", "DeepseekV3ForCausalLM", "MixtralForCausalLM");

    [Theory, MemberData(nameof(Fusible))]
    public void Products_of_one_input_may_be_one_tensor(string name) => Compare(name, GgufVariant.Fused);

    private static IEnumerable<TheoryDataRow<string>> OfClass(params string[] classes) =>
        Names.Where(row => row.Data.Length > 0 && classes.Contains(Class(row.Data))).DefaultIfEmpty(new TheoryDataRow<string>(""));

    private static void Compare(string name, GgufVariant variant)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        using Checkpoint origin = Checkpoint.Open(golden.Folder);
        if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
        string folder = Directory.CreateTempSubdirectory("quire").FullName;
        try
        {
            string path = Path.Combine(folder, name + ".gguf");
            File.WriteAllBytes(path, GgufCopy.Build(origin, variant));
            using (Checkpoint copy = Checkpoint.Open(path)) Assert.Equal(GgufCopy.ClassOf(origin.Config), copy.Config.Architectures[0]);
            using var runner = new ForwardRunner(path);
            float[][][] logits = runner.Logits(golden.Prompts);
            IReadOnlyDictionary<string, JsonNode> changed = GgufCopy.Fixed(origin.Config);
            float[][][]? others = changed.Count == 0 ? null : LogitsWith(changed, golden, folder);
            double worst = 0;
            for (int prompt = 0; prompt < golden.Prompts.Length; prompt++)
            {
                float[][] expected = others?[prompt] ?? golden.Logits(prompt), actual = logits[prompt][^expected.Length..];
                for (int row = 0; row < expected.Length; row++) worst = Math.Max(worst, expected[row].Zip(actual[row], (a, b) => (double)Math.Abs(a - b)).Max());
            }
            Assert.True(worst <= golden.Tolerance("f32_max_abs"), $"largest difference {worst:g3}, tolerance {golden.Tolerance("f32_max_abs"):g3}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // What the checkpoint itself gives under another configuration, which goldens of its own confirm.
    private static float[][][] LogitsWith(IReadOnlyDictionary<string, JsonNode> changed, FamilyGolden golden, string folder)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(golden.Folder, "config.json")))!.AsObject();
        JsonObject text = config["text_config"]?.AsObject() ?? config;
        foreach ((string name, JsonNode value) in changed) text[name] = value;
        string copy = Directory.CreateDirectory(Path.Combine(folder, "changed")).FullName;
        File.WriteAllText(Path.Combine(copy, "config.json"), config.ToJsonString());
        foreach (string file in Directory.GetFiles(golden.Folder, "*.safetensors*")) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        using var runner = new ForwardRunner(copy);
        return runner.Logits(golden.Prompts);
    }

    /// <summary>So that a new architecture is tested here and not only mapped.</summary>
    [Fact]
    public void Every_class_that_GGUF_files_hold_has_an_architecture_name() =>
        Assert.All(GgufArchitecture.ClassNames, name => Assert.Contains(name, GgufCopy.Architectures));

    internal static bool IsMapped(string name) =>
        Class(name) is { } architecture && GgufArchitecture.ClassNames.Contains(architecture);

    private static string? Class(string name) => ModelConfig.Read(Path.Combine(FamilyFolders.Path(name), "config.json")).Architectures is [string architecture, ..] ? architecture : null;
}
