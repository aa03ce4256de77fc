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

    private const string Lfm2 = """
        {"architectures":["Lfm2ForCausalLM"],"hidden_size":32,"num_attention_heads":2,"num_hidden_layers":2,"vocab_size":8,"block_ff_dim":96,"conv_L_cache":3,"layer_types":["conv","full_attention"]}
        """;

    private const string Qwen3Next = """
        {"architectures":["Qwen3NextForCausalLM"],"hidden_size":32,"num_attention_heads":2,"num_hidden_layers":2,"vocab_size":8,"intermediate_size":16,"linear_num_key_heads":1,"linear_num_value_heads":2,
         "linear_key_head_dim":8,"linear_value_head_dim":8,"linear_conv_kernel_dim":4,"num_experts":2,"num_experts_per_tok":1,"moe_intermediate_size":8,"layer_types":["linear_attention","full_attention"]}
        """;

    [Theory]
    [InlineData(Lfm2, "conv_L_cache", "100000", "100000")]
    [InlineData(Lfm2, "conv_L_cache", "1", "1")]
    [InlineData(Lfm2, "layer_types", "[\"conv\",\"mamba\"]", "mamba")]
    [InlineData(Lfm2, "layer_types", "[\"conv\"]", "layer 1")]
    [InlineData(Qwen3Next, "linear_conv_kernel_dim", "80000", "80000")]
    [InlineData(Qwen3Next, "linear_key_head_dim", "100000", "100000")]
    [InlineData(Qwen3Next, "linear_num_key_heads", "3", "3")]
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
