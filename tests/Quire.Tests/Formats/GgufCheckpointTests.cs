using Quire.Formats;
using Quire.Golden;

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
    public void YaRN_keeps_its_numbers()
    {
        TinyGguf File() => TinyGguf.Llama().Text("llama.rope.scaling.type", "yarn").Float32("llama.rope.scaling.factor", 4);
        using (Checkpoint checkpoint = Open(File().Float32("llama.rope.scaling.yarn_attn_factor", 0.5f).Float32("llama.rope.scaling.yarn_beta_fast", 16).Float32("llama.rope.scaling.yarn_beta_slow", 2)))
            Assert.Equal((0.5, 16.0, 2.0), (checkpoint.Config.Rope.AttentionFactor, checkpoint.Config.Rope.BetaFast, checkpoint.Config.Rope.BetaSlow));
        // The other key multiplies what the rule has anyway.
        using (Checkpoint checkpoint = Open(File().Float32("llama.rope.scaling.attn_factor", 0.5f)))
            Assert.Equal(0.5 * ((0.1 * Math.Log(4)) + 1), checkpoint.Config.Rope.AttentionFactor!.Value, 1e-12);
    }

    [Theory]
    [InlineData("none", "default")]
    [InlineData("linear", "linear")]
    public void A_factor_counts_unless_there_is_no_scaling(string type, string read)
    {
        using Checkpoint checkpoint = Open(TinyGguf.Llama().Text("llama.rope.scaling.type", type).Float32("llama.rope.scaling.factor", 4));
        Assert.Equal(read, checkpoint.Config.Rope.Type);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(4u)]
    [InlineData(uint.MaxValue)]
    public void Rotated_elements_are_an_even_number_of_a_heads(uint count)
    {
        QuireException error = Assert.Throws<QuireException>(() => Open(TinyGguf.Llama().UInt32("llama.rope.dimension_count", count)));
        Assert.Contains("llama.rope.dimension_count is", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_elements_of_a_head_may_rotate()
    {
        using Checkpoint checkpoint = Open(TinyGguf.Llama().UInt32("llama.rope.dimension_count", 2));
        Assert.Null(checkpoint.Config.Rope.PartialRotaryFactor);
    }

    [Fact]
    public void A_window_of_none_is_none()
    {
        using Checkpoint checkpoint = Open(TinyGguf.Llama().UInt32("llama.attention.sliding_window", 0));
        Assert.False(checkpoint.Config.Has("sliding_window"));
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
        QuireException unknown = Assert.Throws<QuireException>(() => Open(new TinyGguf("qwen3mo")));
        Assert.Equal(ErrorKind.NotSupported, unknown.Kind);
        Assert.Contains("architecture qwen3mo is not supported; the nearest is qwen3moe; known are llama, ", unknown.Message, StringComparison.Ordinal);
        Assert.Contains("its name does not end in -00001-of-00003.gguf", Assert.Throws<QuireException>(() => Open(TinyGguf.Llama().UInt32("split.count", 3))).Message, StringComparison.Ordinal);
        Assert.Contains("llama.block_count is missing", Assert.Throws<QuireException>(() => Open(new TinyGguf("llama").UInt32("llama.embedding_length", 4))).Message, StringComparison.Ordinal);
        Assert.Throws<QuireException>(() => Open(TinyGguf.Llama().Float32("llama.rope.scaling.factor", float.NaN)));
    }

    [Fact]
    public void What_would_load_as_another_model_is_refused()
    {
        Refused(TinyGguf.Llama().Pair("llama.rope.dimension_sections", 9, TinyGguf.Array(5, BitConverter.GetBytes(1), BitConverter.GetBytes(0))), "several axes");
        Refused(TinyGguf.Llama().Bool("llama.attention.causal", false), "both directions");
        Refused(TinyGguf.Llama().Tensor("dense_2.weight", 0, [4, 2], new byte[32]), "a projection behind");

        void Refused(TinyGguf file, string what)
        {
            QuireException error = Assert.Throws<QuireException>(() => Open(file));
            Assert.Equal(ErrorKind.NotSupported, error.Kind);
            Assert.Contains(what, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_folder_with_one_GGUF_file_opens_as_that_file()
    {
        folder.Write("only.gguf", TinyGguf.Llama().Build());
        using (Checkpoint checkpoint = Checkpoint.Open(folder.Path)) Assert.EndsWith("only.gguf", checkpoint.Path, StringComparison.Ordinal);
        folder.Write("second.gguf", TinyGguf.Llama().Build());
        Assert.Equal(ErrorKind.InvalidRequest, Assert.Throws<QuireException>(() => Checkpoint.Open(folder.Path)).Kind);
    }

    [Fact]
    public void Parts_of_a_split_file_are_one_checkpoint()
    {
        byte[] norm = [.. Enumerable.Range(1, 4).SelectMany(i => BitConverter.GetBytes((float)i))];
        string first = folder.Write("model-00001-of-00002.gguf", TinyGguf.Llama().UInt32("split.no", 0).UInt32("split.count", 2).UInt32("split.tensors.count", 2).Build());
        Assert.Contains("model-00002-of-00002.gguf is missing", Assert.Throws<QuireException>(() => Checkpoint.Open(first)).Message, StringComparison.Ordinal);
        TinyGguf Second(uint number) => new TinyGguf().UInt32("split.no", number).UInt32("split.count", 2).UInt32("split.tensors.count", 2).Tensor("output_norm.weight", 0, [4], norm);
        string second = folder.Write("model-00002-of-00002.gguf", Second(0).Text("general.architecture", "llama").Build());
        Assert.Contains("is not part 2 of 2", Assert.Throws<QuireException>(() => Checkpoint.Open(first)).Message, StringComparison.Ordinal);
        folder.Write("model-00002-of-00002.gguf", Second(1).Build());
        // Any part, or their folder, names the whole.
        foreach (string path in (string[])[first, second, folder.Path])
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
            Assert.Equal(["output_norm.weight", "token_embd.weight"], checkpoint.TensorNames.Order());
            var values = new float[4];
            checkpoint.Get("output_norm.weight").ReadRows(0, 1, values);
            Assert.Equal([1f, 2, 3, 4], values);
        }
        folder.Write("model-00002-of-00002.gguf", Second(1).Tensor("token_embd.weight", 0, [4], norm).Build());
        Assert.Contains("token_embd.weight, which another part has too", Assert.Throws<QuireException>(() => Checkpoint.Open(first)).Message, StringComparison.Ordinal);
    }

    private Checkpoint Open(TinyGguf file) => Checkpoint.Open(folder.Write("x.gguf", file.Build()));

    public void Dispose() => folder.Dispose();
}
