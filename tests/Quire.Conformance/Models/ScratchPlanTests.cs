using Quire.Engine;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;

namespace Quire.Conformance.Models;

/// <summary>What the device takes for itself while a model runs is at most what the memory plan says, for every family and every kind of weights.</summary>
[Trait("golden", "families")]
public sealed class ScratchPlanTests
{
    private const int Batched = 48, Short = 64, Long = 600, NewTokens = 4;

    public static IEnumerable<TheoryDataRow<string>> Families => FamilyGolden.Names;

    public static IEnumerable<TheoryDataRow<string>> Files => GgufModelTests.Names;

    [Theory, MemberData(nameof(Families))]
    public async Task A_family_takes_what_was_planned(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/families here");
        foreach (string type in (string[])["float32", "bfloat16"]) await Run(FamilyFolders.Path(name), new QuireOptions { DType = type });
    }

    [Theory, MemberData(nameof(Files))]
    public async Task So_does_a_file_of_blocks(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/gguf here");
        foreach (string activations in (string[])["bf16", "int8"]) await Run(GgufModelTests.FileOf(name), new QuireOptions { CpuActivations = activations });
    }

    public static IEnumerable<TheoryDataRow<string>> Poolers => FamilyFolders.Of(kind => kind != "causal");

    [Theory, MemberData(nameof(Poolers))]
    public async Task So_does_a_model_that_gives_rows(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no embedders or classifiers in golden/families here");
        using var golden = new PoolingGolden(name);
        foreach (string type in (string[])["float32", "bfloat16"])
        {
            using var engine = new EngineRunner(golden.Folder, new QuireOptions { DType = type, MaxSequences = 4 });
            await Task.WhenAll(Enumerable.Range(0, golden.Prompts.Length).Select(prompt => PoolingGoldenTests.Run(engine, golden, prompt)));
            Assert.InRange(engine.Device.HeldScratchBytes, 0, engine.Memory.ScratchBytes);
        }
    }

    [Fact]
    public async Task So_does_a_quantised_checkpoint()
    {
        string[] folders = GoldenFolder.Find("quant") is { } root ? [.. Directory.GetFiles(root, "model*.safetensors", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Distinct().Where(folder => File.Exists(Path.Combine(folder, "config.json")))] : [];
        Assert.SkipWhen(folders.Length == 0, "no golden/quant here");
        foreach (string folder in folders) await Run(folder, new QuireOptions());
    }

    // Prompts that fill a step, and then one row of each sequence: of short ones, and of some whose attention has several parts.
    private static async Task Run(string path, QuireOptions options)
    {
        int positions;
        using (Checkpoint checkpoint = Checkpoint.Open(path)) positions = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config).MaxPositions;
        foreach (int length in (int[])[Short, Long])
        {
            if (length > positions) continue;
            using var engine = new EngineRunner(path, options with { MaxBatchedTokens = Batched, MaxSequences = 4, MaxModelLength = length, PrefixCaching = false });
            int[] prompt = [.. Enumerable.Range(0, length - NewTokens).Select(i => 5 + (i % 50))];
            GenerationStream[] streams = [.. Enumerable.Range(0, 3).Select(choice => engine.Submit(prompt, SamplingParameters.Greedy with { MaxTokens = NewTokens, IgnoreEos = true }, choice))];
            foreach (GenerationStream stream in streams) await EngineRunner.Collect(stream);
            long held = engine.Device.HeldScratchBytes, planned = engine.Memory.ScratchBytes;
            Assert.InRange(held, 0, planned);
            // Of short sequences it is all of it: a plan that promises too much leaves blocks out.
            if (length == Short) Assert.InRange(planned, 0, held * 1.1);
        }
    }
}
