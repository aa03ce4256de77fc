using System.Text.Json;
using Quire.Engine;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;

namespace Quire.Conformance.Models;

/// <summary>Embedding checkpoints of <c>golden/families</c>: decoders whose last token's row is the embedding. Others are counted skips.</summary>
[Trait("golden", "families")]
public sealed class EmbeddingTests
{
    public static IEnumerable<TheoryDataRow<string>> Names =>
        FamilyGolden.Names.Where(name => name.Data.Length > 0 && Kind(name.Data) == "embed").DefaultIfEmpty(new TheoryDataRow<string>(""));

    [Theory, MemberData(nameof(Names))]
    public async Task Embeddings_are_the_references_and_bit_equal_alone_mixed_and_chunked(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no embedding checkpoints in golden/families here");
        string folder = Path.Combine(GoldenFolder.Find("families")!, name);
        using JsonDocument json = GoldenFolder.ReadJson(Path.Combine(folder, "golden", "golden.json"));
        JsonElement golden = json.RootElement;
        try
        {
            ModelFamilies.Of(ModelConfig.Read(Path.Combine(folder, "config.json")));
        }
        catch (QuireException e)
        {
            Assert.Skip($"{name}: {e.Message[(e.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..].Split(';')[0]}");
        }
        int[][] prompts = [.. golden.GetProperty("prompts").EnumerateArray().Select(p => p.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(folder, "golden", "golden.safetensors"));
        double tolerance = golden.GetProperty("tolerance").GetProperty("f32_max_abs").GetDouble();
        float[][] alone = new float[prompts.Length][];
        using (var engine = new EngineRunner(folder, new QuireOptions { DType = "float32" }))
        {
            for (int i = 0; i < prompts.Length; i++)
            {
                alone[i] = await Embed(engine, prompts[i]);
                float[] expected = tensors.Tensors[$"embedding_{i}"].View.AsSpan<float>().ToArray(), actual = QuireEngine.Normalise(alone[i]);
                double worst = expected.Zip(actual, (a, b) => (double)Math.Abs(a - b)).Max();
                Assert.True(worst <= tolerance, $"prompt {i}: {worst:g3}, tolerance {tolerance:g3}");
            }
        }
        using (var engine = new EngineRunner(folder, new QuireOptions { DType = "float32", MaxBatchedTokens = 20, MaxSequences = 8 }))
        {
            float[][] mixed = await Task.WhenAll(prompts.Select(prompt => Embed(engine, prompt)));
            for (int i = 0; i < prompts.Length; i++) Assert.Equal(alone[i], mixed[i]);
        }
    }

    private static string Kind(string name)
    {
        using JsonDocument json = GoldenFolder.ReadJson(Path.Combine(GoldenFolder.Find("families")!, name, "golden", "golden.json"));
        return json.RootElement.GetProperty("kind").GetString()!;
    }

    private static async Task<float[]> Embed(EngineRunner engine, int[] prompt)
    {
        using GenerationStream stream = engine.Engine.Submit(new EngineRequest { Id = "test", Prompt = prompt, Parameters = SamplingParameters.Greedy with { MaxTokens = 1 }, Pools = true });
        return (await EngineRunner.Collect(stream)).Single(output => output.Pooled is not null).Pooled!;
    }
}
