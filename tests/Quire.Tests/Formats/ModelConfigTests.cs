using System.Text;
using Quire.Formats;

namespace Quire.Tests.Formats;

public sealed class ModelConfigTests
{
    [Fact]
    public void Null_and_absent_are_the_same()
    {
        ModelConfig config = Parse("""{"head_dim": null, "sliding_window": 12}""");
        Assert.Null(config.OptionalInt("head_dim"));
        Assert.False(config.Has("head_dim"));
        Assert.Equal(12, config.Int("sliding_window"));
        Assert.Equal("config.json: head_dim is missing; a whole number was expected", Assert.Throws<QuireException>(() => config.Int("head_dim")).Message);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1e30")]
    [InlineData("3000000000")]
    [InlineData("99999999999999999999")]
    [InlineData("1.5")]
    [InlineData("\"4096\"")]
    [InlineData("true")]
    [InlineData("[4096]")]
    public void A_size_that_is_none_is_refused_with_file_and_key(string value)
    {
        ModelConfig config = Parse($$"""{"hidden_size": {{value}}}""");
        var error = Assert.Throws<QuireException>(() => config.Int("hidden_size", minimum: 1));
        Assert.Equal(ErrorKind.InvalidModel, error.Kind);
        Assert.StartsWith("config.json: hidden_size is ", error.Message, StringComparison.Ordinal);
        Assert.Contains("expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_number_may_be_spelled_with_a_fraction() => Assert.Equal(4096, Parse("""{"n": 4096.0}""").Int("n"));

    [Fact]
    public void A_number_alone_is_a_list_of_one()
    {
        Assert.Equal([7], Parse("""{"eos_token_id": 7}""").EosTokenIds);
        Assert.Equal([7, 8], Parse("""{"eos_token_id": [7, 8]}""").EosTokenIds);
        Assert.Throws<QuireException>(() => Parse("""{"eos_token_id": [7, "x"]}""").EosTokenIds);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"a\": NaN}")]
    [InlineData("{\"a\": 1} x")]
    [InlineData("{\"architectures\": \"LlamaForCausalLM\"}")]
    [InlineData("{\"architectures\": [1]}")]
    [InlineData("{\"model_type\": 1}")]
    [InlineData("{\"rope_theta\": 0}")]
    [InlineData("{\"rope_theta\": 1e999}")]
    [InlineData("{\"rope_scaling\": []}")]
    [InlineData("{\"rope_scaling\": {\"factor\": -2}}")]
    [InlineData("{\"rope_scaling\": {\"type\": \"longrope\", \"long_factor\": [1, null]}}")]
    [InlineData("{\"rope_parameters\": {\"full_attention\": {\"rope_theta\": \"x\"}}}")]
    [InlineData("{\"text_config\": 1}")]
    [InlineData("{\"layer_types\": \"full_attention\"}")]
    [InlineData("{\"model_type\": \"\\ud800\"}")]
    public void What_makes_no_sense_is_refused_when_read(string json)
    {
        var error = Assert.Throws<QuireException>(() => Parse(json));
        Assert.Equal(ErrorKind.InvalidModel, error.Kind);
        Assert.StartsWith("config.json: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused() =>
        Assert.Throws<QuireException>(() => Parse("""{"a":""" + new string('[', 100_000) + new string(']', 100_000) + "}"));

    [Fact]
    public void A_nested_text_config_wins_except_for_what_the_root_decides()
    {
        ModelConfig config = Parse("""
            {"model_type": "outer", "architectures": ["Outer"], "eos_token_id": [1, 106], "dtype": "bfloat16", "only_outside": 3,
             "text_config": {"model_type": "inner", "eos_token_id": 2, "dtype": "float32", "hidden_size": 64, "rope_theta": 5}}
            """);
        Assert.Equal(("outer", "Outer", "bfloat16"), (config.ModelType, config.Architectures[0], config.DType));
        Assert.Equal([1, 106], config.EosTokenIds);
        Assert.Equal((64, 3, 5.0), (config.Int("hidden_size"), config.Int("only_outside"), config.Rope.Theta));
    }

    [Fact]
    public void Rope_by_layer_type_reads_in_both_spellings()
    {
        ModelConfig old = Parse("""{"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_scaling": {"factor": 8, "rope_type": "linear"}}""");
        ModelConfig @new = Parse("""
            {"rope_parameters": {"full_attention": {"rope_theta": 1e6, "factor": 8, "rope_type": "linear"}, "sliding_attention": {"rope_theta": 1e4, "rope_type": "default"}}}
            """);
        foreach (ModelConfig config in new[] { old, @new })
        {
            Assert.Equal(("linear", 8, 1e6), (config.Rope.Type, config.Rope.Factor, config.Rope.Theta));
            Assert.Equal(config.Rope, config.RopeByLayerType["full_attention"]);
            Assert.Equal(new RopeConfig { Theta = 1e4 }, config.RopeByLayerType["sliding_attention"]);
        }
    }

    [Fact]
    public void Old_names_of_rope_settings_are_understood()
    {
        Assert.Equal("longrope", Parse("""{"rope_scaling": {"type": "su"}}""").Rope.Type);
        Assert.Equal(0.25, Parse("""{"rotary_pct": 0.25}""").Rope.PartialRotaryFactor);
        Assert.Equal(0.5, Parse("""{"rotary_dim": 8, "head_dim": 16}""").Rope.PartialRotaryFactor);
        Assert.Equal(32, Parse("""{"original_max_position_embeddings": 32, "rope_scaling": {"type": "longrope"}}""").Rope.OriginalMaxPositionEmbeddings);
        Assert.Equal(new RopeConfig(), Parse("{}").Rope);
    }

    [Fact]
    public void A_number_format_loses_the_name_of_its_library() => Assert.Equal("float16", Parse("""{"torch_dtype": "torch.float16"}""").DType);

    private static ModelConfig Parse(string json) => ModelConfig.Parse("config.json", Encoding.UTF8.GetBytes(json));
}
