using Quire.Formats;
using Quire.Golden;
using Quire.Models;

namespace Quire.Conformance.Models;

/// <summary>Every decoder of <c>golden/families</c> as a classifier whose head is made of its LM head: its numbers are the reference's logits of the last token.</summary>
[Trait("golden", "families")]
public sealed class TokenClassifierTests
{
    // Anything but the reserved ids, and in no order.
    private const int No = 29, Yes = 7, Other = 16;

    public static IEnumerable<TheoryDataRow<string>> Names => FamilyGolden.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Two_tokens_give_the_difference_of_their_logits(string name)
    {
        using FamilyGolden golden = Load(name, out ModelSpec spec);
        float[][] rows = await Classify(name, golden, "from_2_way_softmax", No, Yes);
        for (int i = 0; i < rows.Length; i++)
        {
            float[] logits = golden.Logits(i)[^1];
            (double no, double noAllowed) = Product(golden, spec, logits, No);
            (double yes, double yesAllowed) = Product(golden, spec, logits, Yes);
            float number = Assert.Single(rows[i]);
            Near(i, yes - no, number, yesAllowed + noAllowed);
            // A sigmoid is at most a quarter as steep; its own rounding is f32's.
            Near(i, 1 / (1 + Math.Exp(no - yes)), QuireEngine.Activate(rows[i], LabelActivation.Sigmoid)[0], ((yesAllowed + noAllowed) / 4) + 1e-7);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Tokens_give_their_logits_in_order(string name)
    {
        using FamilyGolden golden = Load(name, out ModelSpec spec);
        int[] tokens = [Other, No, Yes];
        float[][] rows = await Classify(name, golden, "no_post_processing", tokens);
        for (int i = 0; i < rows.Length; i++)
        {
            float[] logits = golden.Logits(i)[^1];
            Assert.Equal(tokens.Length, rows[i].Length);
            for (int label = 0; label < tokens.Length; label++)
            {
                (double expected, double allowed) = Product(golden, spec, logits, tokens[label]);
                Near(i, expected, rows[i][label], allowed);
            }
        }
    }

    // Weights that are bf16 already lose nothing in a bf16 run; the difference of two rows would, were it rounded with them.
    [Theory, MemberData(nameof(Names))]
    public async Task The_head_is_not_rounded_where_weights_are(string name)
    {
        using FamilyGolden golden = Load(name, out ModelSpec spec);
        Assert.SkipWhen(ModelConfig.Read(Path.Combine(golden.Folder, "config.json")).DType != "bfloat16" || spec.EmbeddingSize > 0, $"{name}: its weights are rounded in a bf16 run");
        float[][] exact = await Classify(name, golden, "from_2_way_softmax", No, Yes);
        float[][] rows = await Classify(name, golden, new QuireOptions { DType = "bfloat16", CpuActivations = "f32", KvCacheDType = "float32" }, "from_2_way_softmax", No, Yes);
        for (int i = 0; i < rows.Length; i++) Near(i, exact[i][0], rows[i][0], 2 * golden.Tolerance("f32_max_abs") / spec.LogitScale);
    }

    public static IEnumerable<TheoryDataRow<string>> GgufNames => GgufFamilyTests.Names;

    [Theory, MemberData(nameof(GgufNames))]
    public async Task Of_a_GGUF_copy_they_are_the_references(string name)
    {
        using FamilyGolden golden = Load(name, out ModelSpec spec);
        using Checkpoint origin = Checkpoint.Open(golden.Folder);
        if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
        Assert.SkipWhen(GgufCopy.Fixed(origin.Config).Count > 0, $"{name}: its GGUF form is another model, which GgufFamilyTests compares");
        using var words = new WordModel(name);
        string path = Path.Combine(words.Folder, name + ".gguf");
        await File.WriteAllBytesAsync(path, GgufCopy.Build(origin), TestContext.Current.CancellationToken);
        float[][] rows = await Classify(golden, path, new QuireOptions { DType = "float32", Tokenizer = words.Folder }, "from_2_way_softmax", No, Yes);
        // A converter may have multiplied the head by a factor of logits.
        using (Checkpoint written = Checkpoint.Open(path)) spec = ModelFamilies.Of(written.Config).Describe(written.Config);
        for (int i = 0; i < rows.Length; i++)
        {
            float[] logits = golden.Logits(i)[^1];
            (double no, double noAllowed) = Product(golden, spec, logits, No);
            (double yes, double yesAllowed) = Product(golden, spec, logits, Yes);
            Near(i, yes - no, rows[i][0], yesAllowed + noAllowed);
        }
    }

    private static Task<float[][]> Classify(string name, FamilyGolden golden, string method, params int[] tokens) => Classify(name, golden, new QuireOptions { DType = "float32" }, method, tokens);

    private static async Task<float[][]> Classify(string name, FamilyGolden golden, QuireOptions options, string method, params int[] tokens)
    {
        using var copy = new WordModel(name);
        return await Classify(golden, copy.Folder, options, method, tokens);
    }

    private static async Task<float[][]> Classify(FamilyGolden golden, string path, QuireOptions options, string method, params int[] tokens)
    {
        await using QuireEngine engine = await QuireEngine.LoadAsync(path, options with { KvCacheBytes = 64 << 20, HfOverrides = TokenClassifier.Overrides(path, method, tokens) });
        Assert.Equal(RunnerKind.Classify, engine.Runner);
        return await Task.WhenAll(golden.Prompts.Select(prompt => engine.ClassifyAsync(prompt)));
    }

    // What the head's row gives: a logit without what is done to logits after that product. A logit's tolerance becomes as much wider as undoing a cap or a factor is steep.
    private static (double Number, double Allowed) Product(FamilyGolden golden, ModelSpec spec, float[] logits, int token)
    {
        double logit = logits[token], allowed = golden.Tolerance("f32_max_abs"), cap = spec.LogitCap;
        if (cap > 0) (logit, allowed) = (cap * Math.Atanh(logit / cap), allowed / (1 - (logit / cap * (logit / cap))));
        (logit, allowed) = (logit / spec.LogitScale, allowed / spec.LogitScale);
        return spec.HeadBias ? (logit - Bias(golden, token), allowed) : (logit, allowed);
    }

    private static double Bias(FamilyGolden golden, int token)
    {
        using Checkpoint checkpoint = Checkpoint.Open(golden.Folder);
        CheckpointTensor bias = checkpoint.Get("lm_head.bias");
        var values = new float[bias.Shape.Count];
        bias.ReadRows(0, bias.Shape.Rows, values);
        return values[token];
    }

    private static FamilyGolden Load(string name, out ModelSpec spec)
    {
        FamilyGolden golden = FamilyGolden.Load(name);
        ModelConfig config = ModelConfig.Read(Path.Combine(golden.Folder, "config.json"));
        spec = ModelFamilies.Of(config).Describe(config);
        FamilyTests.SkipDynamicRope(name, spec);
        Assert.SkipWhen(spec.Layers.Any(layer => layer.Attention?.Alibi is { Factor: not 1 }), $"{name}: linear biases are added once, the reference adds them twice (a listed deviation)");
        return golden;
    }

    private static void Near(int prompt, double expected, double actual, double allowed) =>
        Assert.True(Math.Abs(expected - actual) <= allowed, $"prompt {prompt}: expected {expected:g6}, got {actual:g6}, tolerance {allowed:g3}");
}
