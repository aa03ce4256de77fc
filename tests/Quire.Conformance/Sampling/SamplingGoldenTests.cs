using System.Text.Json;
using Quire.Formats;
using Quire.Golden;
using Quire.Kernels.Cpu.Sampling;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Conformance.Sampling;

/// <summary>The CPU sampler against vLLM's: every step of the logits pipeline, log probabilities, loops, and the statistics of draws.</summary>
[Trait("golden", "sampling")]
public sealed class SamplingGoldenTests
{
    [Fact]
    public void Final_distributions_equal_the_reference()
    {
        using JsonDocument json = Read("pipeline.json");
        List<string> wrong = [];
        foreach (JsonElement c in json.RootElement.EnumerateArray())
        {
            string name = c.GetProperty("name").GetString()!;
            int index = 0;
            foreach (JsonElement row in c.GetProperty("rows").EnumerateArray())
            {
                JsonElement expected = c.GetProperty("expected")[index++];
                if (Compare(SamplingCase.Read(row), expected, isTied: name.Contains("uniform") || name.Contains("ties"), relative: name.Contains("huge") ? 1e-3 : 1e-4) is { } problem)
                    wrong.Add($"{name}: {problem}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }

    [Fact]
    public void Large_vocabularies_equal_the_reference()
    {
        using JsonDocument json = Read("large.json");
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(Folder(), "large.safetensors"));
        foreach (JsonElement row in json.RootElement.EnumerateArray())
        {
            string index = row.GetProperty("index").ToString();
            float[] logits = tensors.Tensors[$"{index}.logits"].View.AsSpan<float>().ToArray();
            float[] expected = tensors.Tensors[$"{index}.probs"].View.AsSpan<float>().ToArray();
            float[] actual = SamplingCase.Read(row, logits).Probabilities();
            for (int i = 0; i < expected.Length; i++)
                Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5 + (1e-4 * expected[i]), $"{index}: id {i} expected {expected[i]}, got {actual[i]}");
        }
    }

    [Fact]
    public void Log_probabilities_and_ranks_equal_the_reference()
    {
        using JsonDocument json = Read("logprobs.json");
        foreach (JsonElement c in json.RootElement.EnumerateArray())
        {
            if (c.TryGetProperty("modes", out JsonElement modes)) CompareModes(c, modes);
            else CompareReports(c);
        }
    }

    [Fact]
    public void Greedy_loops_with_a_growing_history_equal_the_reference()
    {
        using JsonDocument json = Read("loops.json");
        foreach (JsonElement loop in json.RootElement.EnumerateArray())
        {
            float[] start = SamplingCase.Floats(loop.GetProperty("base_logits"));
            int[] expected = [.. loop.GetProperty("expected_tokens").EnumerateArray().Select(t => t.GetInt32())];
            List<int> output = [];
            for (int step = 0; step < expected.Length; step++)
            {
                float[] delta = SamplingCase.Floats(loop.GetProperty("step_logits")[step]);
                SamplingCase c = SamplingCase.Read(loop, [.. start.Zip(delta, (a, b) => a + b)], [.. output]);
                output.Add(c.Sample());
            }
            Assert.Equal(expected, output);
        }
    }

    [Fact]
    public void Draws_are_distributed_as_the_reference_and_repeat_with_their_seed()
    {
        using JsonDocument statistics = Read("statistics.json");
        using JsonDocument pipeline = Read("pipeline.json");
        var cases = pipeline.RootElement.EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!);
        foreach (JsonElement entry in statistics.RootElement.EnumerateArray())
        {
            string name = entry.GetProperty("case").GetString()!;
            SamplingCase c = SamplingCase.Read(cases[name].GetProperty("rows")[0]);
            float[] probabilities = c.Probabilities();
            const int draws = 20_000;
            var counts = new int[probabilities.Length];
            for (int seed = 0; seed < draws; seed++) counts[c.Sample((ulong)seed)]++;
            Assert.Equal(c.Sample(7), c.Sample(7));
            double chi = 0, pooledExpected = 0, pooledCount = 0;
            int bins = 0;
            for (int i = 0; i < counts.Length; i++)
            {
                Assert.True(probabilities[i] > 0 || counts[i] == 0, $"{name}: drew id {i} outside the support");
                double expected = probabilities[i] * draws;
                if (expected < 5)
                {
                    (pooledExpected, pooledCount) = (pooledExpected + expected, pooledCount + counts[i]);
                    continue;
                }
                chi += Square(counts[i] - expected) / expected;
                bins++;
            }
            if (pooledExpected >= 5) (chi, bins) = (chi + (Square(pooledCount - pooledExpected) / pooledExpected), bins + 1);
            int freedom = Math.Max(1, bins - 1);
            Assert.True(chi < freedom + (3.72 * Math.Sqrt(2 * freedom)) + 9, $"{name}: chi-square {chi:f1} with {freedom} degrees of freedom");
        }
    }

    [Fact]
    public void Neighbouring_seeds_are_uncorrelated()
    {
        const int cells = 8, pairs = 40_000;
        var counts = new int[cells, cells];
        for (ulong seed = 0; seed < pairs; seed++)
            counts[(int)(cells * CounterRandom.Uniform(seed, 0, 5, 1)), (int)(cells * CounterRandom.Uniform(seed + 1, 0, 5, 1))]++;
        const double expected = pairs / (double)(cells * cells);
        double chi = counts.Cast<int>().Sum(n => Square(n - expected) / expected);
        const int freedom = (cells * cells) - 1;
        Assert.True(chi < freedom + (3.72 * Math.Sqrt(2 * freedom)) + 9, $"chi-square {chi:f1}");
    }

    private static string? Compare(SamplingCase c, JsonElement expected, bool isTied, double relative)
    {
        if (expected.TryGetProperty("sampled", out JsonElement sampled) && sampled.ValueKind == JsonValueKind.Number && c.Sample() != sampled.GetInt32())
            return $"sampled {c.Sample()}, expected {sampled}";
        if (expected.GetProperty("greedy").GetBoolean()) return null;
        float[] actual = c.Probabilities();
        var wanted = new double[actual.Length];
        if (expected.TryGetProperty("probs_dense", out JsonElement dense))
        {
            wanted = [.. dense.EnumerateArray().Select(p => p.GetDouble())];
        }
        else
        {
            foreach (JsonProperty p in expected.GetProperty("probs").EnumerateObject()) wanted[int.Parse(p.Name)] = p.Value.GetDouble();
        }
        int kept = actual.Count(p => p > 0);
        if (kept != expected.GetProperty("kept").GetInt32()) return $"kept {kept}, expected {expected.GetProperty("kept")}";
        // Which of several equal logits survive a cut is open.
        if (isTied) (actual, wanted) = ([.. actual.Order()], [.. wanted.Order()]);
        for (int i = 0; i < actual.Length; i++)
            if (Math.Abs(actual[i] - wanted[i]) > 1e-5 + (relative * wanted[i])) return $"id {i} has {actual[i]}, expected {wanted[i]}";
        return null;
    }

    private static void CompareReports(JsonElement c)
    {
        float[] logits = SamplingCase.Floats(c.GetProperty("logits"));
        foreach (JsonElement row in c.GetProperty("rows").EnumerateArray())
        {
            var token = new SampledToken();
            SampleJob<PortableLanes>.Choose([.. logits], new SamplingRow { Forced = row.GetProperty("token").GetInt32(), Logprobs = c.GetProperty("k").GetInt32() }, token);
            double[] expected = [.. row.GetProperty("logprobs").EnumerateArray().Select(p => p.GetDouble())];
            int[] ids = [.. row.GetProperty("ids").EnumerateArray().Select(p => p.GetInt32())];
            Assert.Equal(expected[0], token.Logprob, 1e-4);
            Assert.Equal(row.GetProperty("rank").GetInt32(), token.Rank);
            Assert.Equal(expected.Length - 1, token.TopLogprobs.Count);
            for (int i = 1; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], token.TopLogprobs[i - 1].Value, 1e-4);
                if (!c.GetProperty("ties").GetBoolean()) Assert.Equal(ids[i], token.TopLogprobs[i - 1].Key);
            }
        }
    }

    private static void CompareModes(JsonElement c, JsonElement modes)
    {
        SamplingCase sampling = SamplingCase.Read(c.GetProperty("row"));
        foreach (JsonProperty mode in modes.EnumerateObject())
        {
            LogprobsMode wanted = Enum.Parse<LogprobsMode>(mode.Name.Replace("_", ""), ignoreCase: true);
            Dictionary<int, float> actual = sampling.Report(wanted).TopLogprobs.ToDictionary();
            float[] expected = SamplingCase.Floats(mode.Value);
            for (int i = 0; i < expected.Length; i++)
                Assert.True(expected[i] == actual[i] || Math.Abs(expected[i] - actual[i]) <= 1e-4, $"{mode.Name} id {i}: expected {expected[i]}, got {actual[i]}");
        }
    }

    private static double Square(double x) => x * x;

    private static string Folder()
    {
        string? folder = GoldenFolder.Find("sampling");
        if (folder is null) Assert.Skip("no golden/sampling here");
        return folder;
    }

    private static JsonDocument Read(string file)
    {
        string path = Path.Combine(Folder(), file);
        if (!File.Exists(path) && !File.Exists(path + ".gz")) Assert.Skip($"no golden/sampling/{file} here");
        return GoldenFolder.ReadJson(path);
    }
}
