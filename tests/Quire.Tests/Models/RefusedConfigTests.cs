using System.Text.Json.Nodes;
using Quire.Formats;
using Quire.Models;

namespace Quire.Tests.Models;

/// <summary>A configuration that asks for what a family has not is refused, and the message names the key and the value.</summary>
public sealed class RefusedConfigTests
{
    private const string Mpt = """
        {"architectures":["MPTForCausalLM"],"model_type":"mpt","d_model":32,"n_heads":2,"n_layers":1,"max_seq_len":64,"vocab_size":8,"no_bias":true,
         "norm_type":"low_precision_layernorm","attn_config":{"alibi":true,"rope":false},"ffn_config":{"ffn_type":"mptmlp","fc_type":"torch"}}
        """;

    private const string BigCode = """
        {"architectures":["GPTBigCodeForCausalLM"],"model_type":"gpt_bigcode","n_embd":32,"n_head":2,"n_layer":1,"n_positions":64,"vocab_size":8,"add_cross_attention":false}
        """;

    [Theory]
    [InlineData(Mpt, "norm_type", "\"rmsnorm\"", "rmsnorm")]
    [InlineData(Mpt, "norm_type", "\"low_precision_rmsnorm\"", "low_precision_rmsnorm")]
    [InlineData(Mpt, "attn_config.rope", "true", "true")]
    [InlineData(Mpt, "ffn_config.ffn_type", "\"mptglu\"", "mptglu")]
    [InlineData(Mpt, "ffn_config.ffn_type", "\"te_ln_mlp\"", "te_ln_mlp")]
    [InlineData(BigCode, "add_cross_attention", "true", "true")]
    public void Unsupported_options_are_refused_by_name(string json, string key, string value, string named)
    {
        Describe(JsonNode.Parse(json)!);
        JsonNode changed = JsonNode.Parse(json)!, parent = changed;
        string[] path = key.Split('.');
        foreach (string step in path[..^1]) parent = parent[step]!;
        parent[path[^1]] = JsonNode.Parse(value);

        QuireException error = Assert.Throws<QuireException>(() => Describe(changed));
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_names_of_layer_norms_are_accepted()
    {
        JsonNode config = JsonNode.Parse(Mpt)!;
        config["norm_type"] = "layernorm";
        Describe(config);
    }

    private static void Describe(JsonNode json)
    {
        ModelConfig config = ModelConfig.Parse("config.json", System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
        ModelFamilies.Of(config).Describe(config);
    }
}
