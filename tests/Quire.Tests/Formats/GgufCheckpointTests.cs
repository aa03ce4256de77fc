using Quire.Formats;

namespace Quire.Tests.Formats;

public sealed class GgufCheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Metadata_reads_under_the_names_of_config_json()
    {
        using Checkpoint checkpoint = Open(TinyGguf.Llama().Text("tokenizer.chat_template", "T").Strings("tokenizer.chat_templates", "tool_use").Text("tokenizer.chat_template.tool_use", "U"));
        ModelConfig config = checkpoint.Config;
        Assert.Equal(["LlamaForCausalLM"], config.Architectures);
        Assert.Equal(
            (4, 1, 2, 1, 8, 3, 64),
            (config.Int("hidden_size"), config.Int("num_hidden_layers"), config.Int("num_attention_heads"), config.Int("num_key_value_heads"),
            config.Int("intermediate_size"), config.Int("vocab_size"), config.Int("max_position_embeddings")));
        Assert.True(config.Bool("tie_word_embeddings"));
        Assert.True(config.RopeInterleavedRows && config.IsGguf);
        Assert.Equal(new RopeConfig { Theta = 10000 }, config.Rope);
        Assert.Equal([2], checkpoint.Generation.EosTokenIds);
        Assert.Equal(("T", "U", "</s>"), (checkpoint.Tokenizer.ChatTemplate, checkpoint.Tokenizer.ChatTemplates["tool_use"], checkpoint.Tokenizer.EosToken));
        Assert.Equal(["a", "b", "</s>"], checkpoint.Vocabulary!.Tokens);
    }

    [Fact]
    public void Rope_divisors_come_from_their_tensor()
    {
        byte[] divisors = [.. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(8f)];
        using Checkpoint checkpoint = Open(TinyGguf.Llama().Tensor("rope_freqs.weight", 0, [2], divisors));
        Assert.Equal([1.0, 8.0], checkpoint.Config.Rope.FrequencyFactors);
    }

    [Fact]
    public void Scaling_keeps_its_kind()
    {
        using Checkpoint checkpoint = Open(TinyGguf.Llama()
            .Text("llama.rope.scaling.type", "yarn").Float32("llama.rope.scaling.factor", 4).UInt32("llama.rope.scaling.original_context_length", 16));
        Assert.Equal(new RopeConfig { Theta = 10000, Type = "yarn", Factor = 4, OriginalMaxPositionEmbeddings = 16 }, checkpoint.Config.Rope);
    }

    [Fact]
    public void Experts_make_a_Llama_a_Mixtral()
    {
        using Checkpoint checkpoint = Open(TinyGguf.Llama().UInt32("llama.expert_count", 4).UInt32("llama.expert_used_count", 2));
        Assert.Equal("MixtralForCausalLM", checkpoint.Config.Architectures[0]);
        Assert.Equal((4, 2), (checkpoint.Config.Int("num_local_experts"), checkpoint.Config.Int("num_experts_per_tok")));
    }

    [Fact]
    public void What_is_not_supported_says_so()
    {
        Assert.Equal(ErrorKind.NotSupported, Assert.Throws<QuireException>(() => Open(new TinyGguf("mamba"))).Kind);
        Assert.Equal(ErrorKind.NotSupported, Assert.Throws<QuireException>(() => Open(TinyGguf.Llama().UInt32("split.count", 3))).Kind);
        Assert.Contains("llama.block_count is missing", Assert.Throws<QuireException>(() => Open(new TinyGguf("llama").UInt32("llama.embedding_length", 4))).Message, StringComparison.Ordinal);
        Assert.Throws<QuireException>(() => Open(TinyGguf.Llama().Float32("llama.rope.scaling.factor", float.NaN)));
    }

    [Fact]
    public void A_folder_with_one_GGUF_file_opens_as_that_file()
    {
        folder.Write("only.gguf", TinyGguf.Llama().Build());
        using (Checkpoint checkpoint = Checkpoint.Open(folder.Path)) Assert.EndsWith("only.gguf", checkpoint.Path, StringComparison.Ordinal);
        folder.Write("second.gguf", TinyGguf.Llama().Build());
        Assert.Equal(ErrorKind.InvalidRequest, Assert.Throws<QuireException>(() => Checkpoint.Open(folder.Path)).Kind);
    }

    private Checkpoint Open(TinyGguf file) => Checkpoint.Open(folder.Write("x.gguf", file.Build()));

    public void Dispose() => folder.Dispose();
}
