using System.Buffers;
using System.Text.Json;

namespace Quire.Formats;

/// <summary>Writes a GGUF file's metadata under the key names of <c>config.json</c>.</summary>
internal sealed class GgufConfigTranslator(GgufFile file, Utf8JsonWriter json)
{
    private readonly GgufKeys keys = new(file, json);

    public static ReadOnlyMemory<byte> ToJson(GgufFile file)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) new GgufConfigTranslator(file, json).Write();
        return buffer.WrittenMemory;
    }

    private void Write()
    {
        GgufArchitecture names = GgufArchitecture.Of(file);
        RefuseOtherForms();
        new GgufUnappliedKeys(file, keys).Refuse();
        json.WriteStartObject();
        json.WriteString("model_type", names.ModelType);
        json.WriteStartArray("architectures");
        json.WriteStringValue(names.ClassName);
        json.WriteEndArray();

        keys.Size("hidden_size", "embedding_length");
        new GgufLayerKeys(file, keys, json).Write();
        keys.Size("max_position_embeddings", "context_length");
        // Of these, the experts' size bears the plain name.
        if (file.Architecture is not ("gpt-oss" or "minimax-m2" or "llama4")) keys.Counts("intermediate_size", "feed_forward_length");
        keys.Counts("num_attention_heads", "attention.head_count");
        if (file.Architecture != "lfm2") keys.Counts("num_key_value_heads", "attention.head_count_kv");
        if (!GgufRopeTranslator.RotatesApart(file)) keys.Count("head_dim", "attention.key_length");
        if (!keys.Has("attention.layer_norm_rms_epsilon") && !keys.Has("attention.layer_norm_epsilon"))
            throw QuireException.BadFile(file.Path, $"has neither {keys.Key("attention.layer_norm_rms_epsilon")} nor {keys.Key("attention.layer_norm_epsilon")}");
        keys.Number("rms_norm_eps", "attention.layer_norm_rms_epsilon");
        keys.Number("attn_logit_softcapping", "attn_logit_softcapping");
        keys.Number("final_logit_softcapping", "final_logit_softcapping");
        json.WriteBoolean("attention_bias", file.HasInSomeLayer("attn_q.bias") || file.HasInSomeLayer("attn_qkv.bias"));
        json.WriteBoolean("mlp_bias", file.HasInSomeLayer("ffn_up.bias"));

        new GgufExpertKeys(file, keys, json).Write();
        new GgufFamilyKeys(file, keys, json).Write();
        new GgufEncoderKeys(file, keys, json).Write();
        new GgufRopeTranslator(file, keys, json).Write();
        WriteVocabulary();
        json.WriteEndObject();
    }

    // Models that share an architecture and would load as another.
    private void RefuseOtherForms()
    {
        bool isEncoder = file.Architecture is "bert" or "modern-bert";
        string? what = file.Metadata.OptionalArray(keys.Key("rope.dimension_sections"))?.ToIntegers().Any(size => size != 0) == true ? "rotates by positions of several axes"
            : !isEncoder && file.Metadata.OptionalBool(keys.Key("attention.causal")) == false ? "has attention in both directions"
            : file.Tensors.ContainsKey("dense_2.weight") ? "has a projection behind its last layer"
            : null;
        if (what is not null) throw new QuireException(ErrorKind.NotSupported, $"{file.Path}: {file.Architecture} that {what} is not supported");
    }

    private void WriteVocabulary()
    {
        json.WriteNumber("vocab_size", VocabularySize());
        json.WriteBoolean("tie_word_embeddings", !file.Tensors.ContainsKey("output.weight"));
        WriteId("bos_token_id", "bos_token_id");
        WriteId("eos_token_id", "eos_token_id");
        WriteId("pad_token_id", "padding_token_id");
    }

    private void WriteId(string name, string key)
    {
        if (file.Metadata.OptionalCount($"tokenizer.ggml.{key}") is { } id) json.WriteNumber(name, id);
    }

    /// <summary>The embedding's rows, which may be more than the tokens that have names.</summary>
    private long VocabularySize()
    {
        if (file.Tensors.TryGetValue("token_embd.weight", out GgufTensor? embedding) && embedding.Dimensions.Count == 2) return embedding.Dimensions[1];
        return file.Metadata.OptionalArray("tokenizer.ggml.tokens")?.Count ?? keys.OptionalCount("vocab_size")
            ?? throw QuireException.BadFile(file.Path,
                $"has neither token_embd.weight nor tokenizer.ggml.tokens nor {keys.Key("vocab_size")}");
    }
}
