using Quire.Engine;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Models;

/// <summary>The golden embedders and classifiers, written as llama.cpp's converter writes them, still give the reference's rows.</summary>
[Trait("golden", "families")]
public sealed class GgufPoolingTests
{
    public static IEnumerable<TheoryDataRow<string>> Names => FamilyFolders.Of(kind => kind != "causal").Where(row => row.Data.Length == 0 || GgufFamilyTests.IsMapped(row.Data));

    [Theory, MemberData(nameof(Names))]
    public async Task Rows_of_a_GGUF_copy_equal_the_reference(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no embedders or classifiers in golden/families here");
        using var golden = new PoolingGolden(name);
        using Checkpoint origin = Checkpoint.Open(golden.Folder);
        if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
        await Compare(golden, GgufCopy.Build(origin));
    }

    internal static async Task Compare(PoolingGolden golden, byte[] copy)
    {
        string folder = Directory.CreateTempSubdirectory("quire").FullName;
        try
        {
            string path = Path.Combine(folder, "model.gguf");
            await File.WriteAllBytesAsync(path, copy, TestContext.Current.CancellationToken);
            using var engine = new EngineRunner(path, new QuireOptions { DType = "float32" });
            for (int i = 0; i < golden.Prompts.Length; i++)
            {
                float[] row = await PoolingGoldenTests.Run(engine, golden, i), wanted = golden.Row(i);
                if (!golden.IsClassifier) row = QuireEngine.Normalise(row);
                Assert.Equal(wanted.Length, row.Length);
                Assert.InRange(wanted.Zip(row, (a, b) => (double)Math.Abs(a - b)).Max(), 0, golden.Tolerance("f32_max_abs"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
