using Quire.Formats;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Models;

[Trait("golden", "families")]
public sealed class FamilyTests
{
    public static IEnumerable<TheoryDataRow<string>> Names => FamilyGolden.Names;

    [Theory, MemberData(nameof(Names))]
    public void Logits_are_within_the_reference_tolerance_in_f32(string name)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        using var runner = new ForwardRunner(golden.Folder, change: AsReference);
        SkipDynamicRope(name, runner.Spec);
        float[][][] logits = runner.Logits(golden.Prompts);
        double worst = 0;
        for (int prompt = 0; prompt < golden.Prompts.Length; prompt++)
        {
            float[][] expected = golden.Logits(prompt);
            float[][] actual = logits[prompt][^expected.Length..];
            for (int row = 0; row < expected.Length; row++)
                for (int i = 0; i < expected[row].Length; i++) worst = Math.Max(worst, Math.Abs(expected[row][i] - actual[row][i]));
        }
        Assert.True(worst <= golden.Tolerance("f32_max_abs"), $"largest difference {worst:g3}, tolerance {golden.Tolerance("f32_max_abs"):g3}");
    }

    [Theory, MemberData(nameof(Names))]
    public void States_between_layers_are_the_references(string name)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        using var runner = new ForwardRunner(golden.Folder, change: AsReference);
        SkipDynamicRope(name, runner.Spec);
        (int prompt, (string Name, int? Layers, float[] Values)[] states) = golden.Hidden();
        Assert.SkipWhen(states.Length == 0, $"{name}: the reading that is compared recorded no states");
        foreach ((string state, int? layers, float[] expected) in states)
        {
            // A projection before the head is part of the head here.
            if (layers is null && runner.Spec.EmbeddingSize > 0) continue;
            float[] actual = runner.Hidden(golden.Prompts[prompt], layers);
            Assert.Equal(expected.Length, actual.Length);
            // The tolerance is of logits of some ten; a state of greater numbers has errors as much greater.
            double allowed = golden.Tolerance("f32_max_abs") * Math.Max(1, expected.Max(Math.Abs) / 10), worst = expected.Zip(actual, (a, b) => (double)Math.Abs(a - b)).Max();
            Assert.True(worst <= allowed, $"{state}: largest difference {worst:g3}, tolerance {allowed:g3}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Greedy_tokens_equal_the_reference_up_to_its_margins(string name)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        using var runner = new ForwardRunner(golden.Folder, change: AsReference);
        SkipDynamicRope(name, runner.Spec);
        if (golden.HasAlternative) Assert.Skip($"{name}: the reference's greedy tokens are of the reading that follows the sequence's length");
        float[][][] logits = runner.Logits([.. golden.Prompts.Select((prompt, i) => prompt.Concat(golden.Greedy[i].Tokens).ToArray())]);
        for (int prompt = 0; prompt < golden.Prompts.Length; prompt++)
        {
            (int[] tokens, double[] margins) = golden.Greedy[prompt];
            for (int step = 0; step < tokens.Length && margins[step] >= 2 * golden.Tolerance("f32_max_abs"); step++)
            {
                float[] row = logits[prompt][golden.Prompts[prompt].Length - 1 + step];
                Assert.True(tokens[step] == Array.IndexOf(row, row.Max()), $"prompt {prompt} step {step} (margin {margins[step]})");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Bf16_rows_stay_within_twice_the_reference_divergence(string name)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        using var runner = new ForwardRunner(golden.Folder, DType.BF16, change: AsReference);
        SkipDynamicRope(name, runner.Spec);
        float[][][] logits = runner.Logits(golden.Prompts);
        List<double> divergences = [];
        for (int prompt = 0; prompt < golden.Prompts.Length; prompt++)
        {
            float[][] expected = golden.Logits(prompt);
            float[][] actual = logits[prompt][^expected.Length..];
            divergences.AddRange(expected.Zip(actual, Divergence));
        }
        divergences.Sort();
        double median = divergences[divergences.Count / 2], p90 = divergences[(int)(divergences.Count * 0.9)];
        Assert.True(median <= 2 * golden.Tolerance("bf16_median_row_kl") && p90 <= 2 * golden.Tolerance("bf16_p90_row_kl"), $"median row KL {median:g3}, p90 {p90:g3}");
    }

    [Theory, MemberData(nameof(Names))]
    public void Both_spellings_of_the_configuration_describe_the_same_model(string name)
    {
        using FamilyGolden golden = FamilyGolden.Load(name);
        string other = Path.Combine(golden.Folder, "config.v5.json");
        if (!File.Exists(other)) Assert.Skip($"{name} has no config.v5.json");
        ModelSpec first = Describe(Path.Combine(golden.Folder, "config.json")), second = Describe(other);
        Assert.Equal(first.Layers, second.Layers);
        Assert.Equal(first with { Layers = [] }, second with { Layers = first.Layers } with { Layers = [] });

        static ModelSpec Describe(string file)
        {
            ModelConfig config = ModelConfig.Read(file);
            return ModelFamilies.Of(config).Describe(config);
        }
    }

    // A listed deviation: with its eager attention the reference adds Falcon's linear biases twice, to the scores and in the mask. The models were trained with them once, and
    // vLLM adds them once, as Quire does; doubled, the reference is met to its tolerance.
    private static ModelSpec AsReference(ModelSpec spec) => spec.WithAttention(attention => attention.Alibi is { Factor: not 1 } alibi
        ? attention with { Alibi = alibi with { Factor = 2 * alibi.Factor } }
        : attention);

    // The reference changes its base with the sequence's length; a paged cache cannot, and vLLM does not.
    internal static void SkipDynamicRope(string name, ModelSpec spec)
    {
        if (spec.Layers[0].Attention?.Rope?.Scaling is DynamicScaling)
            Assert.Skip($"{name}: dynamic rope follows vLLM's fixed base, the reference changes it with the length (a listed deviation)");
    }

    private static double Divergence(float[] expected, float[] actual)
    {
        double[] p = LogSoftmax(expected), q = LogSoftmax(actual);
        return p.Zip(q, (a, b) => Math.Exp(a) * (a - b)).Sum();
    }

    private static double[] LogSoftmax(float[] logits)
    {
        double max = logits.Max(), sum = Math.Log(logits.Sum(x => Math.Exp(x - max)));
        return [.. logits.Select(x => x - max - sum)];
    }
}
