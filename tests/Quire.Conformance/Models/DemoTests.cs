using System.Text.Json;
using Quire.Engine;
using Quire.Golden;
using Quire.Formats;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>The demo model against its goldens: greedy tokens through the engine, logits, perplexity.</summary>
[Trait("golden", "demo")]
public sealed class DemoTests
{
    private static string Folder => Path.Combine(GoldenFolder.Models, "demo");

    private static string Model => Path.Combine(Folder, "quire-demo");

    private const double Tolerance = 2e-3;

    [Theory]
    [InlineData("float32", 0.004)]
    [InlineData("bfloat16", 0.25)]
    public async Task Greedy_tokens_equal_the_reference_up_to_its_margins(string dtype, double margin)
    {
        using JsonDocument golden = Golden();
        using var engine = new EngineRunner(Model, new QuireOptions { DType = dtype });
        var cases = golden.RootElement.GetProperty("cases").EnumerateArray()
            .Select(c => (Id: c.GetProperty("id").ToString(), Prompt: Ids(c, "prompt_ids"), Expected: Ids(c, "greedy_ids"),
                Margins: c.GetProperty("margins").EnumerateArray().Select(m => m.GetDouble()).ToArray())).ToArray();
        GenerationStream[] streams = [.. cases.Select(c => engine.Submit(c.Prompt, SamplingParameters.Greedy with { MaxTokens = 64 }))];
        for (int i = 0; i < cases.Length; i++)
        {
            int[] actual = [.. (await EngineRunner.Collect(streams[i])).Where(o => o.Token >= 0).Select(o => o.Token)];
            int sure = Array.FindIndex(cases[i].Margins, m => m < margin) is var low and >= 0 ? low : cases[i].Expected.Length;
            Assert.True(cases[i].Expected[..sure].SequenceEqual(actual[..Math.Min(sure, actual.Length)]),
                $"{cases[i].Id}: expected {string.Join(' ', cases[i].Expected[..sure])}, got {string.Join(' ', actual)}");
            if (sure == cases[i].Expected.Length) Assert.Equal(sure, actual.Length);
        }
        EngineStatistics statistics = engine.Engine.Statistics;
        Assert.Equal(statistics.TotalBlocks, statistics.FreeBlocks);
    }

    [Theory]
    [InlineData(DType.F32, Tolerance)]
    [InlineData(DType.BF16, 1.4)]
    public void Logits_after_the_prompt_are_within_tolerance(DType type, double tolerance)
    {
        using JsonDocument golden = Golden();
        using var runner = new ForwardRunner(Model, type, positions: 1024);
        using SafetensorsFile logits = SafetensorsFile.Open(Path.Combine(Folder, "golden.safetensors"));
        int compared = 0;
        foreach (JsonElement c in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            if (!logits.Tensors.TryGetValue($"logits.{c.GetProperty("id")}", out SafetensorsTensor? expected)) continue;
            float[] actual = runner.Logits([Ids(c, "prompt_ids")])[0][^1];
            double worst = expected.View.AsSpan<float>().ToArray().Zip(actual, (a, b) => Math.Abs(a - b)).Max();
            Assert.True(worst <= tolerance, $"{c.GetProperty("id")}: largest difference {worst:g3}");
            compared++;
        }
        Assert.NotEqual(0, compared);
    }

    [Theory]
    [InlineData(DType.F32, 0.001)]
    [InlineData(DType.BF16, 0.01)]
    public void Perplexity_equals_the_reference(DType type, double relative)
    {
        using JsonDocument golden = Golden();
        JsonElement perplexity = golden.RootElement.GetProperty("perplexity");
        using var runner = new ForwardRunner(Model, type, positions: 1024);
        int[][] windows = [.. Ids(perplexity, "ids").Chunk(512)];
        double[] losses = [.. windows.Zip(runner.Logits(windows), TextLoss.Nll).SelectMany(nll => nll)];
        double actual = Math.Exp(losses.Average());
        double expected = perplexity.GetProperty("ppl").GetDouble();
        Assert.True(Math.Abs(actual - expected) <= relative * expected, $"expected {expected}, got {actual}");
    }

    private static JsonDocument Golden()
    {
        if (!Directory.Exists(Model)) Assert.Skip("no demo model here");
        return GoldenFolder.ReadJson(Path.Combine(Folder, "golden.json"));
    }

    private static int[] Ids(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
