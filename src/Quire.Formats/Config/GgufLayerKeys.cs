using System.Text.Json;

namespace Quire.Formats;

/// <summary>How a model's layers differ from each other, and what stands in attention's place.</summary>
internal sealed class GgufLayerKeys(GgufFile file, GgufKeys keys, Utf8JsonWriter json)
{
    private const string Window = "attention.sliding_window", Pattern = "attention.sliding_window_pattern";
    private const string Full = "full_attention", Sliding = "sliding_attention";

    /// <summary>Layers that the model runs: those that predict further tokens are counted in the file and not run.</summary>
    public int Count
    {
        get
        {
            int layers = keys.Positive("block_count"), further = keys.OptionalCount("nextn_predict_layers") ?? 0;
            // Whatever a layer is, it has a tensor.
            if (layers > file.Tensors.Count) throw QuireException.BadFile(file.Path, $"{keys.Key("block_count")} is {layers}; the file has {file.Tensors.Count} tensors");
            if (file.Tensors.Keys.FirstOrDefault(name => GgufLayerName.TrySplit(name, out int layer, out _) && layer >= layers) is { } behind)
                throw QuireException.BadFile(file.Path, $"{keys.Key("block_count")} is {layers}; the file has tensors of more layers, such as {behind}");
            return further < layers ? layers - further : throw QuireException.BadFile(file.Path, $"{keys.Key("nextn_predict_layers")} is {further}; fewer than {keys.Key("block_count")}, {layers}, were expected");
        }
    }

    public void Write()
    {
        json.WriteNumber("num_hidden_layers", Count);
        // 0 says that there is none.
        if (keys.OptionalCount(Window) is > 0 and int window && file.Architecture != "modern-bert") json.WriteNumber("sliding_window", window);
        switch (file.Architecture)
        {
            case "gpt-oss":
                _ = keys.Positive(Window);
                Types(2);
                break;
            case "olmo2" or "exaone4" when keys.OptionalCount(Window) is > 0:
                Types(4);
                break;
            // Without a window every layer sees everything.
            case "gemma3" when keys.OptionalCount(Window) is null or 0:
                Types(1);
                break;
            // These families have their own periods where the file says none.
            case "gemma2" or "gemma3" or "cohere2" when file.Metadata.Has(keys.Key(Pattern)):
                Types(0);
                break;
            case "lfm2":
                WriteConvolutions();
                break;
            case "qwen3next":
                WriteDeltaRule();
                break;
            case "deepseek2" or "minicpm3":
                WriteLatents();
                break;
        }
    }

    // One flag a layer, or how many layers make a round, whose last sees everything.
    private void Types(int usualPeriod)
    {
        bool[] windowed;
        if (file.Metadata.TryGet(keys.Key(Pattern), out GgufValue? value) && value.Type == GgufValueType.Array)
        {
            windowed = value.AsArray().ToBools();
            if (windowed.Length != Count) throw QuireException.BadFile(file.Path, $"{keys.Key(Pattern)} has {windowed.Length} entries; one for each of {Count} layers was expected");
        }
        else
        {
            int period = keys.OptionalCount(Pattern) ?? usualPeriod;
            windowed = [.. Enumerable.Range(0, Count).Select(layer => period == 0 || layer % period < period - 1)];
        }
        json.WriteStartArray("layer_types");
        foreach (bool isWindowed in windowed) json.WriteStringValue(isWindowed ? Sliding : Full);
        json.WriteEndArray();
    }

    // A layer without key heads is a convolution.
    private void WriteConvolutions()
    {
        if (keys.OptionalCount(Window) is > 0) throw new QuireException(ErrorKind.NotSupported, $"{file.Path}: {keys.Key(Window)} is not 0; windows are not supported in LFM2");
        string key = keys.Key("attention.head_count_kv");
        long[] heads = file.Metadata.OptionalArray(key)?.ToIntegers() ?? throw QuireException.BadFile(file.Path, $"the key {key} is missing");
        if (heads.Length != Count) throw QuireException.BadFile(file.Path, $"{key} has {heads.Length} entries; one for each of {Count} layers was expected");
        long[] counts = [.. heads.Where(count => count != 0).Distinct()];
        if (counts.Length != 1) throw QuireException.BadFile(file.Path, $"{key} holds {string.Join(", ", counts.Take(5))} beside zeros; one number was expected");
        json.WriteNumber("num_key_value_heads", counts[0]);
        json.WriteStartArray("layer_types");
        foreach (long count in heads) json.WriteStringValue(count == 0 ? "conv" : Full);
        json.WriteEndArray();
        keys.Count("conv_L_cache", "shortconv.l_cache");
        keys.Number("norm_eps", "attention.layer_norm_rms_epsilon");
        // Files state the size that the model has.
        json.WriteBoolean("block_auto_adjust_ff_dim", false);
    }

    private void WriteDeltaRule()
    {
        int heads = keys.Positive("ssm.time_step_rank"), inner = keys.Positive("ssm.inner_size");
        if (inner % heads != 0) throw QuireException.BadFile(file.Path, $"{keys.Key("ssm.inner_size")} is {inner}; a multiple of {keys.Key("ssm.time_step_rank")}, {heads}, was expected");
        json.WriteNumber("linear_num_value_heads", heads);
        json.WriteNumber("linear_value_head_dim", inner / heads);
        keys.Size("linear_num_key_heads", "ssm.group_count");
        keys.Size("linear_key_head_dim", "ssm.state_size");
        keys.Size("linear_conv_kernel_dim", "ssm.conv_kernel");
        keys.Count("full_attention_interval", "full_attention_interval");
    }

    // Where attention is written as one over latents, its head sizes are of those, and the model's own have keys of their own.
    private void WriteLatents()
    {
        int rotated = keys.Positive("rope.dimension_count"), heads = keys.Positive("attention.head_count");
        int whole = keys.OptionalCount("attention.key_length_mla") ?? keys.Positive("attention.key_length");
        if (whole <= rotated) throw QuireException.BadFile(file.Path, $"heads of {whole} elements rotate {rotated}, by {keys.Key("rope.dimension_count")}; fewer were expected");
        json.WriteNumber("qk_rope_head_dim", rotated);
        json.WriteNumber("qk_nope_head_dim", whole - rotated);
        json.WriteNumber("v_head_dim", keys.OptionalCount("attention.value_length_mla") ?? keys.OptionalCount("attention.value_length") ?? keys.Positive("embedding_length") / heads);
        keys.Size("kv_lora_rank", "attention.kv_lora_rank");
        if (keys.OptionalCount("attention.q_lora_rank") is > 0 and int rank) json.WriteNumber("q_lora_rank", rank);
    }
}
