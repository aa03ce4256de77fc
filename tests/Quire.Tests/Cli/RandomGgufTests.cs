using Quire.Cli;
using Quire.Engine;
using Quire.Formats;
using Quire.Golden;
using Quire.Tests.Formats;
using Quire.Tokenizers;

namespace Quire.Tests.Cli;

public sealed class RandomGgufTests : IDisposable
{
    private const int Hidden = 64, Inner = 96, Vocabulary = 300;

    private static readonly ModelShapes llama = new("tiny-llama", "LlamaForCausalLM", "llama", Hidden, Inner, 2, 4, 2, 16, Vocabulary, true, false, 10_000);
    private static readonly ModelShapes qwen = new("tiny-qwen", "Qwen2ForCausalLM", "qwen2", Hidden, Inner, 2, 4, 2, 16, Vocabulary, false, true, 1_000_000);

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, string> Models => new() { { "tiny-llama", "bf16" }, { "tiny-llama", "q8_0" }, { "tiny-llama", "q4_0" }, { "tiny-llama", "q4_1" }, { "tiny-qwen", "bf16" }, { "tiny-qwen", "q4_1" } };

    [Theory]
    [InlineData("tiny-llama")]
    [InlineData("tiny-qwen")]
    public async Task File_and_folder_are_one_model(string name)
    {
        string written = Path.Combine(folder.Path, name);
        RandomModel.Write(Shapes(name), written);
        Assert.Equal(await Answer(written), await Answer(Write(Shapes(name), "bf16")));
    }

    [Theory, MemberData(nameof(Models))]
    public async Task A_file_loads_and_gives_the_values_that_were_written(string name, string type)
    {
        ModelShapes shapes = Shapes(name);
        string path = Write(shapes, type);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Assert.Equal([shapes.Architecture], checkpoint.Config.Architectures);
        Assert.Equal((shapes.Tied, shapes.RopeTheta), (checkpoint.Config.Bool("tie_word_embeddings"), checkpoint.Config.Rope.Theta));
        Assert.Equal(shapes.Tensors().Count(), checkpoint.TensorNames.Count);
        GgmlType own = RandomGguf.TypeNamed(type), head = own is GgmlType.Q4_0 or GgmlType.Q4_1 ? GgmlType.Q8_0 : own;
        Check("blk.1.ffn_down.weight", own, Hidden, Inner);
        Check(shapes.Tied ? "token_embd.weight" : "output.weight", head, Vocabulary, Hidden);
        if (!shapes.Tied) Check("token_embd.weight", own, Vocabulary, Hidden);
        foreach (string ones in (string[])["output_norm.weight", "blk.0.attn_norm.weight", .. shapes.QkvBias ? (string[])["blk.0.attn_k.bias"] : []])
        {
            CheckpointTensor tensor = checkpoint.Get(ones);
            var row = new float[tensor.Shape.Columns];
            tensor.ReadRows(0, 1, row);
            Assert.Equal("F32", tensor.TypeName);
            Assert.All(row, value => Assert.Equal(1, value));
        }
        Assert.Equal(6, (await Answer(path)).Length);

        void Check(string tensorName, GgmlType stored, int rows, int columns)
        {
            CheckpointTensor tensor = checkpoint.Get(tensorName);
            Assert.Equal((stored.ToString(), (long)rows, (long)columns), (tensor.TypeName, tensor.Shape[0], tensor.Shape[1]));
            var weights = new RandomWeights();
            float[] written = new float[columns], rounded = new float[columns], read = new float[columns];
            var blocks = new byte[columns / stored.BlockSize() * stored.BlockBytes()];
            for (int row = 0; row < rows; row++)
            {
                weights.Row(row, written);
                GgmlQuantizer.Quantize(stored, written, blocks);
                GgmlDequantizer.Dequantize(stored, blocks, rounded);
                tensor.ReadRows(row, 1, read);
                Assert.Equal(stored == GgmlType.BF16 ? written : rounded, read);
            }
        }
    }

    [Fact]
    public void Writing_again_gives_the_same_bytes()
    {
        byte[] first = File.ReadAllBytes(Write(qwen, "q4_1"));
        Assert.Equal(first, File.ReadAllBytes(Write(qwen, "q4_1")));
    }

    [Fact]
    public void Every_text_is_tokens_and_every_token_text()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Write(llama, "bf16"));
        Tokenizer tokenizer = Tokenizer.FromGguf(checkpoint.Vocabulary!, checkpoint.Path);
        int[] ids = tokenizer.Encode("w299 é\n", addSpecialTokens: true);
        Assert.Equal("w299 é\n"u8.ToArray().Select(letter => letter == ' ' ? 256 : (int)letter), ids);
        Assert.Equal("w299 é\nw299", tokenizer.Decode([.. ids, 299], skipSpecialTokens: false));
    }

    [Fact]
    public void What_cannot_be_written_says_what_can()
    {
        Assert.Equal("--gguf q5_1 is unknown; bf16, q8_0, q4_0, q4_1 are known.", Assert.Throws<QuireException>(() => RandomGguf.TypeNamed("q5_1")).Message);
        Assert.Equal(GgmlType.Q4_1, RandomGguf.TypeNamed("Q4_1"));
        Assert.Contains("tiny-llama is a mamba, which cannot be written as GGUF; llama and qwen2 can", Refused(llama with { ModelType = "mamba" }), StringComparison.Ordinal);
        Assert.Contains("has 256 tokens; as GGUF, models have at least 257", Refused(llama with { Vocabulary = 256 }), StringComparison.Ordinal);
        Assert.Contains("mlp.down_proj.weight has rows of 100, no whole number of q4_1 blocks of 32; --gguf bf16 can be written", Refused(llama with { Intermediate = 100 }), StringComparison.Ordinal);

        string Refused(ModelShapes shapes) => Assert.Throws<QuireException>(() => Write(shapes, "q4_1")).Message;
    }

    private static ModelShapes Shapes(string name) => name == llama.Name ? llama : qwen;

    private string Write(ModelShapes shapes, string type)
    {
        string path = Path.Combine(folder.Path, "files", $"{shapes.Name}.{type}.gguf");
        RandomGguf.Write(shapes, RandomGguf.TypeNamed(type), path);
        return path;
    }

    // Tokens of random models may repeat; their probabilities tell models apart.
    private static async Task<(int Token, float Logprob)[]> Answer(string path)
    {
        using var runner = new EngineRunner(path, new QuireOptions { DType = "float32", Threads = 1, MaxModelLength = 64 });
        List<EngineOutput> outputs = await runner.Run([7, 260, 31, 299, 12, 100, 4, 56], SamplingParameters.Greedy with { MaxTokens = 6, IgnoreEos = true, Logprobs = 0 });
        return [.. outputs.Select(output => (output.Token, output.Logprobs!.Logprob))];
    }

    public void Dispose() => folder.Dispose();
}
