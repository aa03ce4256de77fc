using System.Text;
using Quire.Formats;

namespace Quire.Tests.Formats;

/// <summary>What <c>--hf-overrides</c> does to a configuration.</summary>
public sealed class ConfigOverridesTests
{
    [Fact]
    public void Values_replace_and_add_and_null_takes_away()
    {
        ModelConfig config = Read("""{"hidden_size": 8, "layer_types": ["a", "b"], "sliding_window": 4}""", """{"hidden_size": 16, "layer_types": ["c"], "sliding_window": null, "vocab_size": 3}""");
        Assert.Equal((16, 3), (config.Int("hidden_size"), config.Int("vocab_size")));
        Assert.Equal(["c"], config.LayerTypes);
        Assert.False(config.Has("sliding_window"));
    }

    [Fact]
    public void Objects_merge_key_by_key_at_any_depth()
    {
        ModelConfig config = Read(
            """{"rope_parameters": {"full_attention": {"rope_theta": 10, "rope_type": "default"}, "sliding_attention": {"rope_theta": 5}}}""",
            """{"rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 2}}}""");
        Assert.Equal((10, "linear", 2), (config.Rope.Theta, config.Rope.Type, config.Rope.Factor));
        Assert.Equal(5, config.RopeByLayerType["sliding_attention"].Theta);
    }

    [Theory]
    [InlineData("""{"rope_scaling": {"rope_type": "linear", "factor": 2}}""", """{"rope_scaling": null}""", "default")]
    [InlineData("""{"rope_scaling": null}""", """{"rope_scaling": {"rope_type": "linear", "factor": 2}}""", "linear")]
    [InlineData("""{}""", """{"rope_scaling": {"rope_type": "linear", "factor": 2}}""", "linear")]
    public void An_object_replaces_what_is_none_and_is_replaced_by_what_is_none(string file, string overrides, string type) => Assert.Equal(type, Read(file, overrides).Rope.Type);

    // A text_config wins over the root, so that an override of the root alone would go unheard.
    [Fact]
    public void A_key_of_the_root_is_changed_in_text_config_too_where_it_is_there()
    {
        const string file = """{"architectures": ["A"], "text_config": {"hidden_size": 8, "rope_scaling": {"rope_type": "linear", "factor": 2}, "vocab_size": null}, "vision_config": {"hidden_size": 9}}""";
        ModelConfig config = Read(file, """{"architectures": ["B"], "hidden_size": 16, "rope_scaling": {"factor": 4}, "vocab_size": 3}""");
        Assert.Equal(["B"], config.Architectures);
        Assert.Equal((16, 3), (config.Int("hidden_size"), config.Int("vocab_size")));
        Assert.Equal(("linear", 4), (config.Rope.Type, config.Rope.Factor));
        Assert.Equal(9, config.OptionalObject("vision_config")!.Int("hidden_size"));

        Assert.Equal(32, Read(file, """{"hidden_size": 16, "text_config": {"hidden_size": 32}}""").Int("hidden_size"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{architectures: [X]}")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("\"rope_theta\"")]
    public void What_is_no_object_is_refused_with_an_example(string json)
    {
        QuireException refused = Assert.Throws<QuireException>(() => ConfigOverrides.Parse(json));
        Assert.Equal((ErrorKind.InvalidRequest, "hf-overrides"), (refused.Kind, refused.Param));
        Assert.StartsWith("--hf-overrides: ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("""--hf-overrides '{"rope_theta": 1000000}'.""", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"rope_parameters": {"rope_theta": 5}}""", """{"rope_theta": 6}""", "rope_parameters")]
    [InlineData("""{"rope_parameters": {"rope_theta": 5}}""", """{"rope_scaling": {"rope_type": "linear", "factor": 2}}""", "rope_parameters")]
    [InlineData("""{"text_config": {"rope_parameters": {"rope_theta": 5}}}""", """{"rope_theta": 6}""", "rope_parameters")]
    [InlineData("""{"text_config": {"rope_parameters": {"rope_theta": 5}}}""", """{"text_config": {"rope_theta": 6}}""", "rope_parameters")]
    [InlineData("""{"layer_types": ["full_attention"]}""", """{"sliding_window_pattern": 2}""", "layer_types")]
    [InlineData("""{"dtype": "bfloat16"}""", """{"torch_dtype": "float32"}""", "dtype")]
    [InlineData("""{"id2label": {"0": "no", "1": "yes"}}""", """{"num_labels": 1}""", "id2label")]
    public void A_key_that_another_one_hides_is_refused_with_the_one_that_works(string file, string overrides, string works)
    {
        QuireException refused = Assert.Throws<QuireException>(() => Read(file, overrides));
        Assert.Equal("hf-overrides", refused.Param);
        Assert.EndsWith($"change {works} instead.", refused.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_text_config_that_the_root_hides_is_refused()
    {
        const string file = """{"eos_token_id": 2, "text_config": {"eos_token_id": 3}}""";
        Assert.Contains("eos_token_id is not read in text_config where it stands beside it", Assert.Throws<QuireException>(() => Read(file, """{"text_config": {"eos_token_id": 7}}""")).Message, StringComparison.Ordinal);
        Assert.Equal([7], Read(file, """{"eos_token_id": 7}""").EosTokenIds);
    }

    [Fact]
    public void What_hides_a_key_may_be_taken_away() => Assert.Equal(6, Read("""{"rope_parameters": {"rope_theta": 5}}""", """{"rope_theta": 6, "rope_parameters": null}""").Rope.Theta);

    [Fact]
    public void Messages_say_that_the_configuration_is_not_the_files_alone()
    {
        ModelConfig config = Read("""{"hidden_size": 8}""", """{"hidden_size": "wide"}""");
        Assert.StartsWith("config.json with --hf-overrides: hidden_size is ", Assert.Throws<QuireException>(() => config.Int("hidden_size")).Message, StringComparison.Ordinal);
    }

    private static ModelConfig Read(string file, string overrides) => ModelConfig.Parse("config.json", Encoding.UTF8.GetBytes(file), ConfigOverrides.Parse(overrides));
}
