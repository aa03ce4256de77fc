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
    public void Logits_of_a_GGUF_copy_equal_the_reference(string name)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        using Checkpoint origin = Checkpoint.Open(golden.Folder);
        if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
        string folder = Directory.CreateTempSubdirectory("quire").FullName;
        try
        {
            string path = Path.Combine(folder, name + ".gguf");
            File.WriteAllBytes(path, new GgufCopy(origin).Build());
            using (Checkpoint copy = Checkpoint.Open(path)) Assert.Equal(origin.Config.Architectures[0], copy.Config.Architectures[0]);
            using var runner = new ForwardRunner(path);
            float[][][] logits = runner.Logits(golden.Prompts);
            double worst = 0;
            for (int prompt = 0; prompt < golden.Prompts.Length; prompt++)
            {
                float[][] expected = golden.Logits(prompt), actual = logits[prompt][^expected.Length..];
                for (int row = 0; row < expected.Length; row++) worst = Math.Max(worst, expected[row].Zip(actual[row], (a, b) => (double)Math.Abs(a - b)).Max());
            }
            Assert.True(worst <= golden.Tolerance("f32_max_abs"), $"largest difference {worst:g3}, tolerance {golden.Tolerance("f32_max_abs"):g3}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>So that a new architecture is tested here and not only mapped.</summary>
    [Fact]
    public void Every_class_that_GGUF_files_hold_has_an_architecture_name() =>
        Assert.All(GgufArchitecture.ClassNames, name => Assert.Contains(name, GgufCopy.Architectures));

    private static bool IsMapped(string name) =>
        ModelConfig.Read(Path.Combine(GoldenFolder.Find("families")!, name, "config.json")).Architectures is [string architecture, ..] && GgufArchitecture.ClassNames.Contains(architecture);
}
