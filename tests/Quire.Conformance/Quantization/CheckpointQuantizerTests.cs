using Quire.Conformance.Models;
using Quire.Formats;
using Quire.Golden;
using Quire.Tensors;

namespace Quire.Conformance.Quantization;

public sealed class CheckpointQuantizerTests : IDisposable
{
    private static readonly string Demo = Path.Combine(GoldenFolder.Models, "demo", "quire-demo");
    private readonly string folder = Directory.CreateTempSubdirectory("quire-quantize-").FullName;

    [Theory]
    [InlineData(RoundedFormat.Fp8)]
    [InlineData(RoundedFormat.Int8)]
    [InlineData(RoundedFormat.Int4)]
    public async Task A_written_checkpoint_is_bit_for_bit_the_one_rounded_at_load(RoundedFormat format)
    {
        string text = "The capital of Portugal is Lisbon. The capital of Austria is Vienna. A dog has 4 legs.";
        QuantizationReport report = await CheckpointQuantizer.QuantizeAsync(Demo, Path.Combine(folder, "out"), format, text, new QuireOptions { DType = "float32" }, TestContext.Current.CancellationToken);
        Assert.Equal(28, report.Modules);
        PerplexityDrift drift = Assert.IsType<PerplexityDrift>(report.Drift);
        Assert.InRange(drift.Written, drift.Source * 0.5, drift.Source * 2);
        Assert.True(report.Bytes < report.SourceBytes * (format == RoundedFormat.Int4 ? 0.5 : 0.7), $"{report.Bytes} of {report.SourceBytes}");
        int[] prompt = [1, 900, 17, 300, 44, 1201];
        using var stored = new ForwardRunner(Path.Combine(folder, "out"));
        using var rounded = new ForwardRunner(Demo, quantization: _ => new RoundingScheme(format));
        using var plain = new ForwardRunner(Demo);
        Assert.Equal(rounded.LastLogits(prompt), stored.LastLogits(prompt));
        Assert.NotEqual(plain.LastLogits(prompt), stored.LastLogits(prompt));
    }

    public static IEnumerable<TheoryDataRow<string>> Poolers => FamilyFolders.Of(kind => kind != "causal");

    /// <summary>Embedders and classifiers, with what sentence-transformers says of them.</summary>
    [Theory, MemberData(nameof(Poolers))]
    public async Task So_is_one_of_a_model_that_gives_rows(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no embedders or classifiers in golden/families here");
        using var model = new WordModel(name);
        string text = string.Join(".\n", Enumerable.Range(1, 8).Select(i => WordModel.Text(Enumerable.Range(5, 12).Select(j => 5 + (i * j % (model.Vocabulary - 5)))))), output = Path.Combine(folder, "rows");
        var options = new QuireOptions { DType = "float32" };
        QuantizationReport report = await CheckpointQuantizer.QuantizeAsync(model.Folder, output, RoundedFormat.Int8, text, options, TestContext.Current.CancellationToken);
        Assert.True(report.Modules > 0, "no matrix was quantised");
        switch (report.Drift)
        {
            case EmbeddingDrift drift:
                Assert.Equal(8, drift.Texts);
                Assert.InRange(drift.WorstCosine, 0.98, 1 - 1e-9);
                Assert.InRange(drift.MeanCosine, drift.WorstCosine, 1);
                break;
            case LabelDrift drift:
                Assert.Equal(8, drift.Texts);
                Assert.InRange(drift.WorstChange, 1e-9, 0.2);
                Assert.InRange(drift.MeanChange, 0, drift.WorstChange);
                break;
            default:
                Assert.Fail($"{report.Drift}");
                break;
        }
        Assert.Equal(await Rows(model.Folder, options with { Quantization = "int8" }), await Rows(output, options));

        async Task<float[][]> Rows(string path, QuireOptions asked)
        {
            await using QuireEngine engine = await QuireEngine.LoadAsync(path, asked);
            int[] ids = [.. Enumerable.Range(5, 20)];
            return [engine.Runner == RunnerKind.Classify ? await engine.ClassifyAsync(ids) : await engine.EmbedAsync(ids), [engine.NormalisesEmbeddings ? 1 : 0]];
        }
    }

    [Fact]
    public async Task The_configuration_that_was_measured_is_written()
    {
        string output = Path.Combine(folder, "out");
        await CheckpointQuantizer.QuantizeAsync(Demo, output, RoundedFormat.Int8, "One two three four.", new QuireOptions { HfOverrides = """{"rope_theta": 77}""" }, TestContext.Current.CancellationToken);
        ModelConfig written = ModelConfig.Read(Path.Combine(output, "config.json")), source = ModelConfig.Read(Path.Combine(Demo, "config.json"));
        Assert.Equal(77, written.Rope.Theta);
        Assert.NotEqual(77, source.Rope.Theta);
        Assert.NotNull(written.Quantization);
    }

    [Fact]
    public async Task What_is_quantised_or_would_be_overwritten_is_refused()
    {
        string first = Path.Combine(folder, "first");
        await CheckpointQuantizer.QuantizeAsync(Demo, first, RoundedFormat.Int8, "One two three four.", new QuireOptions(), TestContext.Current.CancellationToken);
        QuireException again = await Assert.ThrowsAsync<QuireException>(() => CheckpointQuantizer.QuantizeAsync(first, Path.Combine(folder, "second"), RoundedFormat.Int4, "One two.", new QuireOptions()));
        Assert.Contains("quantised already (compressed-tensors, int8 weights and activations)", again.Message, StringComparison.Ordinal);
        QuireException full = await Assert.ThrowsAsync<QuireException>(() => CheckpointQuantizer.QuantizeAsync(Demo, first, RoundedFormat.Int4, "One two.", new QuireOptions()));
        Assert.Contains("is not empty", full.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("awq", "contradicts the checkpoint, which is quantised with compressed-tensors")]
    [InlineData("fp8", "contradicts the checkpoint, which is quantised with compressed-tensors")]
    [InlineData("float4", "is unknown; awq, ")]
    public async Task A_name_that_contradicts_the_checkpoint_is_refused_with_both(string name, string message)
    {
        string stored = Path.Combine(folder, "stored");
        await CheckpointQuantizer.QuantizeAsync(Demo, stored, RoundedFormat.Int4, "One two three four.", new QuireOptions(), TestContext.Current.CancellationToken);
        QuireException refused = await Assert.ThrowsAsync<QuireException>(() => QuireEngine.LoadAsync(stored, new QuireOptions { Quantization = name }));
        Assert.Contains($"--quantization {name} {message}", refused.Message, StringComparison.Ordinal);
        await using QuireEngine engine = await QuireEngine.LoadAsync(stored, new QuireOptions { Quantization = "compressed-tensors", KvCacheBytes = 1 << 20 });
        Assert.Contains("int4 weights", engine.Quantization!, StringComparison.Ordinal);
    }

    /// <summary>Every quantised copy of the built-in model that the data set has.</summary>
    [Fact]
    public void Weights_take_at_most_a_tenth_more_than_their_file()
    {
        string[] copies = [.. Directory.GetDirectories(Path.GetDirectoryName(Demo)!).Where(copy =>
            File.Exists(Path.Combine(copy, "config.json")) && ModelConfig.Read(Path.Combine(copy, "config.json")).Quantization is not null)];
        if (copies.Length == 0) Assert.Skip("no quantised copies of the built-in model here");
        foreach (string copy in copies)
        {
            using var runner = new ForwardRunner(copy, DType.BF16, positions: 1);
            long file = new FileInfo(Path.Combine(copy, "model.safetensors")).Length;
            TestContext.Current.SendDiagnosticMessage($"{Path.GetFileName(copy)}: {runner.WeightBytes} bytes of weights, file {file}: {runner.WeightBytes / (double)file:0.000}");
            Assert.True(runner.WeightBytes <= 1.10 * file, $"{copy}: {runner.WeightBytes} bytes, file {file}");
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
