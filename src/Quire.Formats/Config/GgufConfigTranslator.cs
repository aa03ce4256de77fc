using System.Buffers;
using System.Text.Json;

namespace Quire.Formats;

/// <summary>Writes a GGUF file's metadata under the key names of <c>config.json</c>.</summary>
internal sealed class GgufConfigTranslator
{
    private readonly GgufFile file;
    private readonly GgufMetadata metadata;
    private readonly string architecture;
    private readonly Utf8JsonWriter json;

    private GgufConfigTranslator(GgufFile file, Utf8JsonWriter json)
    {
        this.file = file;
        this.json = json;
        metadata = file.Metadata;
        architecture = file.Architecture;
    }

    public static ReadOnlyMemory<byte> ToJson(GgufFile file)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) new GgufConfigTranslator(file, json).Write();
        return buffer.WrittenMemory;
    }

    private void Write()
    {
        GgufArchitecture names = GgufArchitecture.Of(file);
        json.WriteStartObject();
        json.WriteString("model_type", names.ModelType);
        json.WriteStartArray("architectures");
        json.WriteStringValue(names.ClassName);
        json.WriteEndArray();

        Size("hidden_size", "embedding_length");
        Size("num_hidden_layers", "block_count");
        Size("max_position_embeddings", "context_length");
        Counts("intermediate_size", "feed_forward_length");
        Counts("num_attention_heads", "attention.head_count");
        Counts("num_key_value_heads", "attention.head_count_kv");
        Count("head_dim", "attention.key_length");
        Number("rms_norm_eps", "attention.layer_norm_rms_epsilon");
        Count("sliding_window", "attention.sliding_window");
        Number("attn_logit_softcapping", "attn_logit_softcapping");
        Number("final_logit_softcapping", "final_logit_softcapping");
        WriteExperts();
        WriteRope();
        WriteVocabulary();
        json.WriteEndObject();
    }

    private void WriteExperts()
    {
        // Mixtral's own name for the count differs from that of the Qwen mixtures.
        Count(architecture == "llama" ? "num_local_experts" : "num_experts", "expert_count");
        Count("num_experts_per_tok", "expert_used_count");
        Count("moe_intermediate_size", "expert_feed_forward_length");
        Count("shared_expert_intermediate_size", "expert_shared_feed_forward_length");
    }

    private void WriteRope()
    {
        Number("rope_theta", "rope.freq_base");
        Number("rope_local_base_freq", "rope.freq_base_swa");
        if (RotaryFactor() is { } share) json.WriteNumber("partial_rotary_factor", share);

        string type = metadata.OptionalString(Key("rope.scaling.type")) ?? "none";
        double? factor = metadata.OptionalNumber(Key("rope.scaling.factor")) ?? metadata.OptionalNumber(Key("rope.scale_linear"));
        if (type == "none" && factor is null or 1) return;
        json.WriteStartObject("rope_scaling");
        json.WriteString("rope_type", type == "none" ? "linear" : type);
        if (factor is { } number) json.WriteNumber("factor", Finite("rope.scaling.factor", number));
        Count("original_max_position_embeddings", "rope.scaling.original_context_length");
        Number("attention_factor", "rope.scaling.attn_factor");
        Number("beta_fast", "rope.scaling.yarn_beta_fast");
        Number("beta_slow", "rope.scaling.yarn_beta_slow");
        json.WriteEndObject();
    }

    /// <summary>The share of each head's dimensions that rotate, or null where all do.</summary>
    private double? RotaryFactor()
    {
        if (metadata.OptionalCount(Key("rope.dimension_count")) is not { } rotated) return null;
        int? headSize = metadata.OptionalCount(Key("attention.key_length"));
        if (headSize is null && metadata.OptionalCount(Key("embedding_length")) is { } hidden
            && metadata.TryGet(Key("attention.head_count"), out GgufValue? heads) && heads.Type != GgufValueType.Array && heads.AsInteger() is > 0 and long count)
            headSize = (int)(hidden / count);
        return headSize is > 0 && rotated < headSize ? (double)rotated / headSize : null;
    }

    private void WriteVocabulary()
    {
        json.WriteNumber("vocab_size", VocabularySize());
        json.WriteBoolean("tie_word_embeddings", !file.Tensors.ContainsKey("output.weight"));
        if (metadata.OptionalCount("tokenizer.ggml.bos_token_id") is { } bos) json.WriteNumber("bos_token_id", bos);
        if (metadata.OptionalCount("tokenizer.ggml.eos_token_id") is { } eos) json.WriteNumber("eos_token_id", eos);
        if (metadata.OptionalCount("tokenizer.ggml.padding_token_id") is { } pad) json.WriteNumber("pad_token_id", pad);
    }

    /// <summary>The embedding's rows, which may be more than the tokens that have names.</summary>
    private long VocabularySize()
    {
        if (file.Tensors.TryGetValue("token_embd.weight", out GgufTensor? embedding) && embedding.Dimensions.Count == 2) return embedding.Dimensions[1];
        return metadata.OptionalArray("tokenizer.ggml.tokens")?.Count ?? metadata.OptionalCount(Key("vocab_size"))
            ?? throw QuireException.BadFile(file.Path, $"has neither token_embd.weight nor tokenizer.ggml.tokens nor {Key("vocab_size")}");
    }

    private void Size(string name, string key)
    {
        int value = metadata.OptionalCount(Key(key)) ?? throw QuireException.BadFile(file.Path, $"the key {Key(key)} is missing");
        if (value == 0) throw QuireException.BadFile(file.Path, $"{Key(key)} is 0; a positive number was expected");
        json.WriteNumber(name, value);
    }

    private void Count(string name, string key)
    {
        if (metadata.OptionalCount(Key(key)) is { } value) json.WriteNumber(name, value);
    }

    /// <summary>One number, or one per layer where layers differ.</summary>
    private void Counts(string name, string key)
    {
        if (!metadata.TryGet(Key(key), out GgufValue? value)) return;
        if (value.Type != GgufValueType.Array)
        {
            Count(name, key);
            return;
        }

        json.WriteStartArray(name);
        foreach (long count in value.AsArray().ToIntegers()) json.WriteNumberValue(count);
        json.WriteEndArray();
    }

    private void Number(string name, string key)
    {
        if (metadata.OptionalNumber(Key(key)) is { } value) json.WriteNumber(name, Finite(key, value));
    }

    private double Finite(string key, double value) => double.IsFinite(value)
        ? value
        : throw QuireException.BadFile(file.Path, $"{Key(key)} is {value}; a finite number was expected");

    private string Key(string name) => $"{architecture}.{name}";
}
