using System.Text.Json;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;

namespace Quire.Conformance.Models;

/// <summary>Whole tiny models in GGUF files against the reference on their de-quantised weights.</summary>
[Trait("golden", "gguf")]
public sealed class GgufModelTests
{
    private static string? Folder => GoldenFolder.Find("gguf/models");

    public static IEnumerable<TheoryDataRow<string>> Names => Folder is { } folder && Directory.GetFiles(folder, "*.gguf") is { Length: > 0 } files
        ? files.Order().Select(file => new TheoryDataRow<string>(Path.GetFileNameWithoutExtension(file)!))
        : [new TheoryDataRow<string>("")];

    internal static string FileOf(string name) => Path.Combine(Folder!, name + ".gguf");

    [Theory, MemberData(nameof(Names))]
    public void Logits_and_greedy_tokens_equal_the_reference(string name)
    {
        using JsonDocument json = Load(name, out JsonElement golden);
        double tolerance = golden.GetProperty("tolerance_f32").GetDouble();
        using var runner = new ForwardRunner(FileOf(name), positions: 256);
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.Combine(Folder!, name + ".golden.safetensors"));
        float[] last = tensors.Tensors["last_logits"].View.AsSpan<float>().ToArray();
        JsonElement[] prompts = [.. golden.GetProperty("prompts").EnumerateArray()];
        int vocabulary = last.Length / prompts.Length;
        for (int i = 0; i < prompts.Length; i++)
        {
            int[] ids = Ids(prompts[i], "ids"), greedy = Ids(prompts[i], "greedy");
            double[] margins = [.. prompts[i].GetProperty("margins").EnumerateArray().Select(m => m.GetDouble())];
            float[][] logits = runner.Logits([[.. ids, .. greedy]])[0];
            double worst = logits[ids.Length - 1].Zip(last.Skip(i * vocabulary), (a, b) => (double)Math.Abs(a - b)).Max();
            Assert.True(worst <= tolerance, $"prompt {i}: largest difference {worst:g3}, tolerance {tolerance}");
            for (int step = 0; step < greedy.Length && margins[step] >= 2 * tolerance; step++)
                Assert.True(greedy[step] == Array.IndexOf(logits[ids.Length - 1 + step], logits[ids.Length - 1 + step].Max()), $"prompt {i} step {step}");
        }
    }

    /// <summary>Needs no golden data: what the weights are does not matter here.</summary>
    [Theory]
    [InlineData(GgmlType.Q4_K)]
    [InlineData(GgmlType.Q5_K)]
    public void Weights_take_at_most_a_tenth_more_than_the_file(GgmlType type)
    {
        const int embedding = 256, feedForward = 768, vocabulary = 64;
        TinyGguf gguf = new TinyGguf("llama")
            .UInt32("llama.block_count", 1).UInt32("llama.context_length", 64).UInt32("llama.embedding_length", embedding).UInt32("llama.feed_forward_length", feedForward)
            .UInt32("llama.attention.head_count", 4).UInt32("llama.attention.head_count_kv", 2)
            .Float32("llama.attention.layer_norm_rms_epsilon", 1e-5f).Float32("llama.rope.freq_base", 10000)
            .Text("tokenizer.ggml.model", "gpt2").Strings("tokenizer.ggml.tokens", [.. Enumerable.Range(0, vocabulary).Select(id => $"t{id}")]).UInt32("tokenizer.ggml.eos_token_id", 2);
        Matrix("token_embd", vocabulary, embedding);
        Matrix("blk.0.attn_q", embedding, embedding);
        Matrix("blk.0.attn_k", embedding / 2, embedding);
        Matrix("blk.0.attn_v", embedding / 2, embedding);
        Matrix("blk.0.attn_output", embedding, embedding);
        Matrix("blk.0.ffn_gate", feedForward, embedding);
        Matrix("blk.0.ffn_up", feedForward, embedding);
        Matrix("blk.0.ffn_down", embedding, feedForward);
        foreach (string norm in (string[])["blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"]) gguf.Tensor(norm + ".weight", (uint)GgmlType.F32, [embedding], new byte[4 * embedding]);
        string path = Path.Combine(Path.GetTempPath(), $"quire-{Guid.NewGuid():n}.gguf");
        File.WriteAllBytes(path, gguf.Build());
        try
        {
            using var runner = new ForwardRunner(path, positions: 64);
            Assert.InRange(runner.WeightBytes, 1, 1.10 * new FileInfo(path).Length);
        }
        finally
        {
            File.Delete(path);
        }

        void Matrix(string name, int outputs, int inputs) =>
            gguf.Tensor(name + ".weight", (uint)type, [inputs, outputs], new byte[outputs * inputs / 256 * type.BlockBytes()]);
    }

    private static JsonDocument Load(string name, out JsonElement golden)
    {
        if (name.Length == 0) Assert.Skip("no golden/gguf/models here");
        JsonDocument json = GoldenFolder.ReadJson(Path.Combine(Folder!, "golden.json"));
        JsonElement root = json.RootElement;
        golden = (root.TryGetProperty("models", out JsonElement models) ? models : root).GetProperty(name);
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(Folder!, name + ".gguf"));
            ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
            foreach (string tensor in checkpoint.TensorNames)
                if (!checkpoint.Get(tensor).CanRead) throw new QuireException(ErrorKind.NotSupported, $"x: {checkpoint.Get(tensor).TypeName} cannot be decoded by this build");
        }
        catch (QuireException e) when (e.Kind == ErrorKind.NotSupported)
        {
            Assert.Skip($"{name}: {e.Message[(e.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..].Split(';')[0]}");
        }
        return json;
    }

    private static int[] Ids(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
