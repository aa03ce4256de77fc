using System.Text.Json;
using Quire.Engine;
using Quire.Formats;
using Quire.Golden;
using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>A real model, SmolLM2-135M, against transformers: logits, greedy tokens, hidden states, losses of texts.</summary>
[Trait("golden", "smollm2")]
public sealed class SmolLm2Tests
{
    private static string Folder => Path.Combine(GoldenFolder.Root, "smollm2");

    private static string? Model => Directory.Exists(Path.Combine(GoldenFolder.Models, "smollm2"))
        ? Directory.GetFiles(Path.Combine(GoldenFolder.Models, "smollm2"), "*.gguf").FirstOrDefault()
        : null;

    [Theory]
    [InlineData("float32", 0.05)]
    [InlineData("bfloat16", 0.6)]
    public async Task Greedy_tokens_equal_the_reference_up_to_its_margins(string dtype, double margin)
    {
        using JsonDocument golden = Read("greedy.json");
        using var engine = new EngineRunner(Model!, new QuireOptions { DType = dtype, MaxModelLength = 2048 });
        JsonElement[] cases = [.. golden.RootElement.GetProperty("cases").EnumerateArray()];
        GenerationStream[] streams = [.. cases.Select(c => engine.Submit(Ids(c, "prompt_ids"), SamplingParameters.Greedy with { MaxTokens = Ids(c, "greedy_ids").Length }))];
        for (int i = 0; i < cases.Length; i++)
        {
            int[] expected = Ids(cases[i], "greedy_ids");
            double[] margins = [.. cases[i].GetProperty("steps").EnumerateArray().Select(s => s[1].GetDouble())];
            int sure = Array.FindIndex(margins, m => m < margin) is var low and >= 0 ? low : expected.Length;
            int[] actual = [.. (await EngineRunner.Collect(streams[i])).Where(o => o.Token >= 0).Select(o => o.Token)];
            Assert.True(expected[..sure].SequenceEqual(actual.Take(sure)), $"case {i}: expected {string.Join(' ', expected[..sure])}, got {string.Join(' ', actual)}");
        }
    }

    [Theory]
    [InlineData(DType.F32, 0.02)]
    [InlineData(DType.BF16, 0.6)]
    public void The_twenty_best_logits_are_within_tolerance(DType type, double tolerance)
    {
        using JsonDocument golden = Read("greedy.json");
        using var runner = new ForwardRunner(Model!, type);
        foreach (JsonElement c in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            float[] logits = runner.LastLogits(Ids(c, "prompt_ids"));
            foreach (JsonElement entry in c.GetProperty("top20").EnumerateArray())
            {
                double difference = Math.Abs(entry[1].GetDouble() - logits[entry[0].GetInt32()]);
                Assert.True(difference <= tolerance, $"token {entry[0]} differs by {difference:g3}");
            }
        }
    }

    // 0.01 nats are what llama.cpp's own int8 activations (Q8_1) cost on such files; the sum over the texts is printed for the documentation.
    [Theory]
    [InlineData(DType.F32, CpuActivations.F32, 0.002)]
    [InlineData(DType.BF16, CpuActivations.BF16, 0.02)]
    [InlineData(DType.BF16, CpuActivations.Int8, 0.04)]
    public void Mean_loss_of_texts_is_within_tolerance(DType type, CpuActivations activations, double tolerance)
    {
        using JsonDocument golden = Read("perplexity.json");
        using var runner = new ForwardRunner(Model!, type, activations: activations);
        JsonElement texts = golden.RootElement;
        if (texts.ValueKind == JsonValueKind.Object) texts = texts.EnumerateObject().First(p => p.Value.ValueKind == JsonValueKind.Array).Value;
        List<double> differences = [];
        foreach (JsonElement text in texts.EnumerateArray())
        {
            int[] ids = Ids(text, "ids");
            double loss = TextLoss.Nll(ids, runner.Logits([ids])[0]).Average();
            double expected = text.GetProperty("mean_nll").GetDouble();
            differences.Add(loss - expected);
            Assert.True(Math.Abs(loss - expected) <= tolerance, $"expected {expected}, got {loss}");
        }
        TestContext.Current.SendDiagnosticMessage($"{activations} activations change the mean loss by {differences.Average():0.0000} nats");
        Assert.True(Math.Abs(differences.Average()) <= tolerance / 2, $"{activations}: {differences.Average():0.0000} nats on average");
    }

    [Fact]
    public void Weights_take_no_more_memory_than_a_tenth_beyond_their_file()
    {
        if (Model is null) Assert.Skip("no SmolLM2 here");
        using var runner = new ForwardRunner(Model, DType.BF16, positions: 64, activations: CpuActivations.Int8);
        double share = (double)runner.WeightBytes / new FileInfo(Model).Length;
        TestContext.Current.SendDiagnosticMessage($"{runner.WeightBytes} bytes of weights for a file of {new FileInfo(Model).Length}: {share:0.000}");
        Assert.True(share <= 1.10, $"{share:0.000} of the file");
    }

    [Fact]
    public void The_last_row_of_the_last_layer_equals_the_reference()
    {
        if (Model is null || !Directory.Exists(Folder)) Assert.Skip("no SmolLM2 here");
        using SafetensorsFile layers = SafetensorsFile.Open(Path.Combine(Folder, "layers.safetensors"));
        int[] ids = [.. Integers(layers.Tensors["ids"])];
        using var runner = new ForwardRunner(Model);
        float[] actual = runner.LastLogits(ids);
        float[] expected = layers.Tensors["logits"].View.AsSpan<float>().ToArray();
        double worst = expected.Zip(actual[^expected.Length..], (a, b) => Math.Abs(a - b)).Max();
        Assert.True(worst <= 0.02, $"largest difference {worst:g3}");
    }

    private static IEnumerable<int> Integers(SafetensorsTensor tensor) => tensor.View.Type == DType.I64
        ? tensor.View.AsSpan<long>().ToArray().Select(id => (int)id)
        : tensor.View.AsSpan<int>().ToArray();

    private static JsonDocument Read(string file)
    {
        if (Model is null || !File.Exists(Path.Combine(Folder, file))) Assert.Skip("no SmolLM2 here");
        return GoldenFolder.ReadJson(Path.Combine(Folder, file));
    }

    private static int[] Ids(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
