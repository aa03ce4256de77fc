using System.Text.Json;

namespace Quire.Formats;

/// <summary>What only some families' configurations have, from a GGUF file's keys and, where it says nothing, from the tensors that are there.</summary>
internal sealed class GgufFamilyKeys(GgufFile file, GgufKeys keys, Utf8JsonWriter json)
{
    private const string LayerNorm = "attention.layer_norm_epsilon";

    public void Write()
    {
        switch (file.Architecture)
        {
            case "granite" or "granitemoe":
                keys.Number("attention_multiplier", "attention.scale");
                keys.Number("embedding_multiplier", "embedding_scale");
                keys.Number("residual_multiplier", "residual_scale");
                keys.Number("logits_scaling", "logit_scale");
                break;
            case "olmo":
                keys.Number("clip_qkv", "attention.clamp_kqv");
                break;
            case "phi2":
                keys.Number("layer_norm_eps", LayerNorm);
                break;
            case "nemotron":
                keys.Number("norm_eps", LayerNorm);
                break;
            case "glm4moe":
                json.WriteBoolean("use_qk_norm", Has("attn_q_norm.weight"));
                break;
            case "ernie4_5":
                json.WriteBoolean("use_bias", HasQueryBias());
                break;
            case "seed_oss":
                json.WriteBoolean("attention_out_bias", Has("attn_output.bias"));
                break;
            case "minicpm3":
                // Files do not say these: llama.cpp has the numbers of the one model there is.
                json.WriteNumber("scale_emb", 12);
                json.WriteNumber("scale_depth", 1.4);
                json.WriteNumber("dim_model_base", 256);
                break;
            case "apertus":
                WriteXielu();
                break;
            case "command-r" or "cohere2":
                keys.Number("layer_norm_eps", LayerNorm);
                keys.Number("logit_scale", "logit_scale");
                json.WriteBoolean("use_qk_norm", Has("attn_q_norm.weight"));
                break;
            case "starcoder2":
                keys.Number("norm_epsilon", LayerNorm);
                json.WriteBoolean("use_bias", HasQueryBias());
                json.WriteString("hidden_act", "gelu_pytorch_tanh");
                break;
            case "stablelm":
                keys.Number("layer_norm_eps", LayerNorm);
                json.WriteBoolean("use_qkv_bias", HasQueryBias());
                json.WriteBoolean("qk_layernorm", Has("attn_q_norm.weight"));
                // The key is true in files of sequential branches too; llama.cpp goes by the norm.
                json.WriteBoolean("use_parallel_residual", !Has("ffn_norm.weight"));
                break;
            case "gptneox":
                keys.Number("layer_norm_eps", LayerNorm);
                json.WriteBoolean("use_parallel_residual", file.Metadata.OptionalBool(keys.Key("use_parallel_residual")) ?? true);
                break;
            case "gpt2" or "starcoder":
                Names("n_embd", "n_head", "n_layer", "n_inner");
                json.WriteNumber("n_positions", Positions());
                break;
            case "bloom":
                Names(null, "n_head", "n_layer", "n_inner");
                keys.Size("seq_length", "context_length");
                break;
            case "falcon":
                WriteFalcon();
                break;
            case "mpt":
                WriteMpt();
                break;
        }
    }

    private void WriteFalcon()
    {
        Names(null, null, null, "ffn_hidden_size");
        keys.Count("num_kv_heads", "attention.head_count_kv");
        json.WriteBoolean("new_decoder_architecture", Has("attn_norm_2.weight"));
        json.WriteBoolean("multi_query", keys.OptionalCount("attention.head_count_kv") == 1);
        json.WriteBoolean("bias", Has("attn_qkv.bias"));
    }

    private void WriteMpt()
    {
        Names("d_model", "n_heads", "n_layers", null);
        keys.Size("max_seq_len", "context_length");
        if (keys.OptionalCount("embedding_length") is > 0 and int hidden && keys.OptionalCount("feed_forward_length") is { } inner)
        {
            if (inner % hidden != 0) throw QuireException.BadFile(file.Path, $"{keys.Key("feed_forward_length")} is {inner}; a multiple of {keys.Key("embedding_length")}, {hidden}, was expected");
            json.WriteNumber("expansion_ratio", inner / hidden);
        }
        json.WriteBoolean("no_bias", !Has("attn_qkv.bias"));
        json.WriteStartObject("attn_config");
        json.WriteBoolean("alibi", keys.OptionalNumber("attention.max_alibi_bias") is > 0);
        keys.Number("alibi_bias_max", "attention.max_alibi_bias");
        keys.Number("clip_qkv", "attention.clamp_kqv");
        json.WriteBoolean("qk_ln", Has("attn_q_norm.weight"));
        bool isGrouped = keys.OptionalCount("attention.head_count_kv") is { } kvHeads && kvHeads != keys.OptionalCount("attention.head_count");
        json.WriteString("attn_type", isGrouped ? "grouped_query_attention" : "multihead_attention");
        json.WriteEndObject();
    }

    /// <summary>The older families' own words for what every model has; null where they have the common one.</summary>
    private void Names(string? hidden, string? heads, string? layers, string? inner)
    {
        keys.Number("layer_norm_epsilon", LayerNorm);
        if (hidden is not null) keys.Size(hidden, "embedding_length");
        if (heads is not null) keys.Size(heads, "attention.head_count");
        if (layers is not null) keys.Size(layers, "block_count");
        if (inner is not null) keys.Count(inner, "feed_forward_length");
    }

    // By layer, under names without an architecture.
    private void WriteXielu()
    {
        json.WriteStartObject("xielu");
        foreach (string name in (string[])["alpha_p", "alpha_n", "beta", "eps"])
        {
            double[] numbers = file.Metadata.OptionalArray($"xielu.{name}")?.ToNumbers() ?? throw QuireException.BadFile(file.Path, $"the key xielu.{name} is missing");
            json.WriteStartArray(name);
            foreach (double number in numbers) json.WriteNumberValue(double.IsFinite(number) ? number : throw QuireException.BadFile(file.Path, $"xielu.{name} holds {number}; finite numbers were expected"));
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private bool HasQueryBias() => Has("attn_q.bias") || Has("attn_qkv.bias");

    private bool Has(string name) => file.HasInSomeLayer(name);

    /// <summary>Rows of the table of positions.</summary>
    private long Positions() => file.Tensors.TryGetValue("position_embd.weight", out GgufTensor? table) && table.Dimensions.Count == 2
        ? table.Dimensions[1]
        : throw QuireException.BadFile(file.Path, "has no table position_embd.weight");
}
