using System.Text.Json;
using Quire.Engine;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;

namespace Quire.Conformance.Models;

/// <summary>Embedders and classifiers of <c>golden/families</c>: one row for each prompt, through the engine.</summary>
[Trait("golden", "families")]
public sealed class PoolingGoldenTests
{
    public static IEnumerable<TheoryDataRow<string>> Names => FamilyFolders.Of(kind => kind != "causal");

    [Theory, MemberData(nameof(Names))]
    public async Task Rows_are_the_references_and_bit_equal_alone_and_mixed(string name)
    {
        using PoolingGolden golden = Load(name);
        float[][] alone = new float[golden.Prompts.Length][];
        using (var engine = new EngineRunner(golden.Folder, new QuireOptions { DType = "float32" }))
        {
            for (int i = 0; i < alone.Length; i++)
            {
                alone[i] = await Run(engine, golden, i);
                Check(golden, i, alone[i], "f32_max_abs", 1);
            }
        }
        // Several to a step, and decoders' prompts in pieces.
        using (var engine = new EngineRunner(golden.Folder, new QuireOptions { DType = "float32", MaxBatchedTokens = 20, MaxSequences = 8 }))
        {
            float[][] mixed = await Task.WhenAll(Enumerable.Range(0, alone.Length).SelectMany(i => (int[])[i, i]).Select(i => Run(engine, golden, i)));
            for (int i = 0; i < mixed.Length; i++) Assert.Equal(alone[i / 2], mixed[i]);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Rows_in_bf16_are_as_near_as_the_references_own(string name)
    {
        using PoolingGolden golden = Load(name);
        using var engine = new EngineRunner(golden.Folder, new QuireOptions { DType = "bfloat16", CpuActivations = "bf16" });
        for (int i = 0; i < golden.Prompts.Length; i++) Check(golden, i, await Run(engine, golden, i), "bf16_max_abs", 2);
    }

    [Theory, MemberData(nameof(Names))]
    public void Both_spellings_of_the_configuration_are_one_model(string name)
    {
        using PoolingGolden golden = Load(name);
        ModelConfig old = ModelConfig.Read(Path.Combine(golden.Folder, "config.json")), now = ModelConfig.Read(Path.Combine(golden.Folder, "config.v5.json"));
        ModelSpec first = ModelFamilies.Of(old).Describe(old), second = ModelFamilies.Of(now).Describe(now);
        Assert.Equal(first.Layers, second.Layers);
        Assert.Equal(first with { Pooler = null }, second with { Layers = first.Layers, Pooler = null });
        Assert.Equal(JsonSerializer.Serialize(first.Pooler), JsonSerializer.Serialize(second.Pooler));
    }

    public static IEnumerable<TheoryDataRow<string, string>> Poolings =>
        from name in FamilyFolders.Of(kind => kind == "embed")
        from mode in (string[])["mean", "mean_sqrt_len_tokens", "weightedmean", "max"]
        select new TheoryDataRow<string, string>(name.Data, mode);

    /// <summary>Both spellings of sentence-transformers' poolings, over the reference's own rows.</summary>
    [Theory, MemberData(nameof(Poolings))]
    public async Task Poolings_over_all_tokens_are_sentence_transformers_own(string name, string mode)
    {
        using PoolingGolden golden = Load(name);
        using var copy = new WordModel(name);
        ModelConfig config = ModelConfig.Read(Path.Combine(copy.Folder, "config.json"));
        Directory.CreateDirectory(Path.Combine(copy.Folder, "1_Pooling"));
        await File.WriteAllTextAsync(Path.Combine(copy.Folder, "modules.json"), """[{"type": "sentence_transformers.models.Transformer", "path": ""}, {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]""", TestContext.Current.CancellationToken);
        foreach (string settings in (string[])[$$"""{"pooling_mode": "{{mode}}"}""", $$"""{"pooling_mode_{{mode.Replace("_tokens", "", StringComparison.Ordinal)}}_tokens": true, "pooling_mode_cls_token": false}"""])
        {
            await File.WriteAllTextAsync(Path.Combine(copy.Folder, "1_Pooling", "config.json"), settings, TestContext.Current.CancellationToken);
            if (!ModelFamilies.Of(config).Describe(config).IsEncoder)
            {
                Assert.Contains("of a decoder the last token's row can be taken", Assert.Throws<QuireException>(() => new EngineRunner(copy.Folder, new QuireOptions { DType = "float32" })).Message, StringComparison.Ordinal);
                continue;
            }
            using var engine = new EngineRunner(copy.Folder, new QuireOptions { DType = "float32" });
            float[][] rows = await Task.WhenAll(Enumerable.Range(0, golden.Prompts.Length).Select(i => Run(engine, golden, i)));
            for (int i = 0; i < rows.Length; i++)
            {
                if (golden.Tokens(i) is not { } tokens) continue;
                double[] wanted = [.. Enumerable.Range(0, rows[i].Length).Select(column => Pooled(mode, [.. tokens.Select(token => (double)token[column])]))];
                // The tolerance is of rows of length 1.
                double allowed = golden.Tolerance("f32_max_abs") * Math.Max(1, Math.Sqrt(wanted.Sum(value => value * value)));
                Assert.InRange(wanted.Zip(rows[i], (a, b) => Math.Abs(a - b)).Max(), 0, allowed);
            }
        }

        // sentence_transformers/models/Pooling.py.
        static double Pooled(string mode, double[] values) => mode switch
        {
            "mean" => values.Sum() / values.Length,
            "mean_sqrt_len_tokens" => values.Sum() / Math.Sqrt(values.Length),
            "weightedmean" => values.Select((value, i) => (i + 1) * value).Sum() / Enumerable.Range(1, values.Length).Sum(),
            _ => values.Max(),
        };
    }

    private static PoolingGolden Load(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no embedders or classifiers in golden/families here");
        return new PoolingGolden(name);
    }

    internal static async Task<float[]> Run(EngineRunner engine, PoolingGolden golden, int prompt)
    {
        using GenerationStream stream = engine.Engine.Submit(new EngineRequest
        {
            Id = "test",
            Prompt = golden.Prompts[prompt],
            TokenTypes = golden.TokenTypes?[prompt],
            Parameters = SamplingParameters.Greedy with { MaxTokens = 1 },
            Pools = true,
        });
        return (await EngineRunner.Collect(stream)).Single(output => output.Pooled is not null).Pooled!;
    }

    // A row and the reference's, and a classifier's probabilities.
    private static void Check(PoolingGolden golden, int prompt, float[] row, string tolerance, double factor)
    {
        double allowed = factor * golden.Tolerance(tolerance);
        Near(golden.Row(prompt), golden.IsClassifier ? row : QuireEngine.Normalise(row));
        if (!golden.IsClassifier) return;
        ModelConfig config = ModelConfig.Read(Path.Combine(golden.Folder, "config.json"));
        Near(golden.Probabilities(prompt), QuireEngine.Activate(row, ModelFamilies.Of(config).Describe(config).Pooler!.Activation));

        void Near(float[] wanted, float[] actual)
        {
            Assert.Equal(wanted.Length, actual.Length);
            double worst = wanted.Zip(actual, (a, b) => (double)Math.Abs(a - b)).Max();
            Assert.True(worst <= allowed, $"prompt {prompt}: {worst:g3}, tolerance {allowed:g3}");
        }
    }
}
