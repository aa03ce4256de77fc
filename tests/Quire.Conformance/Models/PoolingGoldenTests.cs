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
    public static IEnumerable<TheoryDataRow<string>> Names => FamilyGolden.Of(kind => kind != "causal");

    [Theory, MemberData(nameof(Names))]
    public async Task Rows_are_the_references_and_bit_equal_alone_and_mixed(string name)
    {
        using PoolingCase golden = PoolingCase.Load(name);
        float[][] alone = new float[golden.Prompts.Length][];
        using (var engine = new EngineRunner(golden.Folder, new QuireOptions { DType = "float32" }))
        {
            for (int i = 0; i < alone.Length; i++)
            {
                alone[i] = await golden.Run(engine, i);
                golden.Check(i, alone[i], "f32_max_abs", 1);
            }
        }
        // Several to a step, and decoders' prompts in pieces.
        using (var engine = new EngineRunner(golden.Folder, new QuireOptions { DType = "float32", MaxBatchedTokens = 20, MaxSequences = 8 }))
        {
            float[][] mixed = await Task.WhenAll(Enumerable.Range(0, alone.Length).SelectMany(i => (int[])[i, i]).Select(i => golden.Run(engine, i)));
            for (int i = 0; i < mixed.Length; i++) Assert.Equal(alone[i / 2], mixed[i]);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Rows_in_bf16_are_as_near_as_the_references_own(string name)
    {
        using PoolingCase golden = PoolingCase.Load(name);
        using var engine = new EngineRunner(golden.Folder, new QuireOptions { DType = "bfloat16", CpuActivations = "bf16" });
        for (int i = 0; i < golden.Prompts.Length; i++) golden.Check(i, await golden.Run(engine, i), "bf16_max_abs", 2);
    }

    [Theory, MemberData(nameof(Names))]
    public void Both_spellings_of_the_configuration_are_one_model(string name)
    {
        using PoolingCase golden = PoolingCase.Load(name);
        ModelConfig old = ModelConfig.Read(Path.Combine(golden.Folder, "config.json")), now = ModelConfig.Read(Path.Combine(golden.Folder, "config.v5.json"));
        ModelSpec first = ModelFamilies.Of(old).Describe(old), second = ModelFamilies.Of(now).Describe(now);
        Assert.Equal(first.Layers, second.Layers);
        Assert.Equal(first with { Pooler = null }, second with { Layers = first.Layers, Pooler = null });
        Assert.Equal(JsonSerializer.Serialize(first.Pooler), JsonSerializer.Serialize(second.Pooler));
    }

    private sealed class PoolingCase : IDisposable
    {
        private readonly JsonElement golden;
        private readonly SafetensorsFile tensors;

        private PoolingCase(string folder, JsonElement golden)
        {
            Folder = folder;
            this.golden = golden;
            Prompts = [.. golden.GetProperty("prompts").EnumerateArray().Select(Ids)];
            Types = golden.GetProperty("token_type_ids") is { ValueKind: JsonValueKind.Array } types ? [.. types.EnumerateArray().Select(Ids)] : null;
            tensors = SafetensorsFile.Open(Path.Combine(folder, "golden", "golden.safetensors"));
        }

        public string Folder { get; }

        public int[][] Prompts { get; }

        private int[][]? Types { get; }

        private bool IsClassifier => golden.GetProperty("kind").GetString() == "classify";

        public static PoolingCase Load(string name)
        {
            Assert.SkipWhen(name.Length == 0, "no embedders or classifiers in golden/families here");
            string folder = Path.Combine(GoldenFolder.Find("families")!, name);
            return new PoolingCase(folder, FamilyGolden.Read(folder));
        }

        public async Task<float[]> Run(EngineRunner engine, int prompt)
        {
            using GenerationStream stream = engine.Engine.Submit(new EngineRequest
            {
                Id = "test",
                Prompt = Prompts[prompt],
                TokenTypes = Types?[prompt],
                Parameters = SamplingParameters.Greedy with { MaxTokens = 1 },
                Pools = true,
            });
            return (await EngineRunner.Collect(stream)).Single(output => output.Pooled is not null).Pooled!;
        }

        /// <summary>Compares a row with the reference's, and a classifier's probabilities with them.</summary>
        public void Check(int prompt, float[] row, string tolerance, double factor)
        {
            double allowed = factor * golden.GetProperty("tolerance").GetProperty(tolerance).GetDouble();
            float[] expected = tensors.Tensors[$"{(IsClassifier ? "logits" : "embedding")}_{prompt}"].View.AsSpan<float>().ToArray();
            Near(expected, IsClassifier ? row : QuireEngine.Normalise(row));
            if (!IsClassifier) return;
            ModelConfig config = ModelConfig.Read(Path.Combine(Folder, "config.json"));
            float[] activated = [.. golden.GetProperty("activated")[prompt].EnumerateArray().Select(value => value.GetSingle())];
            Near(activated, QuireEngine.Activate(row, ModelFamilies.Of(config).Describe(config).Pooler!.Activation));

            void Near(float[] wanted, float[] actual)
            {
                Assert.Equal(wanted.Length, actual.Length);
                double worst = wanted.Zip(actual, (a, b) => (double)Math.Abs(a - b)).Max();
                Assert.True(worst <= allowed, $"prompt {prompt}: {worst:g3}, tolerance {allowed:g3}");
            }
        }

        public void Dispose() => tensors.Dispose();

        private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
    }
}
