using System.Text.Json;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// Writes a GGUF file's rotary embedding as <c>rope_theta</c> and <c>rope_scaling</c>; frequency divisors are tensors there and lists here.
/// </summary>
internal sealed class GgufRopeTranslator(GgufFile file, GgufKeys keys, Utf8JsonWriter json)
{
    /// <summary>More than any head has pairs; keeps a wrong tensor from being read as a list.</summary>
    private const int MaxFactors = 4096;

    public void Write()
    {
        keys.Number("rope_theta", "rope.freq_base");
        keys.Number("rope_local_base_freq", "rope.freq_base_swa");
        if (RotaryFactor() is { } share) json.WriteNumber("partial_rotary_factor", share);

        string? type = file.Metadata.OptionalString(keys.Key("rope.scaling.type"));
        double? factor = keys.OptionalNumber("rope.scaling.factor") ?? keys.OptionalNumber("rope.scale_linear");
        bool longRope = file.Tensors.ContainsKey("rope_factors_long.weight");
        if (type is null or "none") type = longRope ? "longrope" : factor is null or 1 ? "default" : "linear";

        json.WriteStartObject("rope_scaling");
        json.WriteString("rope_type", type);
        if (factor is { } number && type != "default") json.WriteNumber("factor", number);
        keys.Count("original_max_position_embeddings", "rope.scaling.original_context_length");
        keys.Number("attention_factor", "rope.scaling.attn_factor");
        keys.Number("beta_fast", "rope.scaling.yarn_beta_fast");
        keys.Number("beta_slow", "rope.scaling.yarn_beta_slow");
        Factors("long_factor", "rope_factors_long.weight");
        Factors("short_factor", "rope_factors_short.weight");
        Factors("frequency_factors", "rope_freqs.weight");
        json.WriteEndObject();
    }

    /// <summary>The share of each head's dimensions that rotate, or null where all do.</summary>
    private double? RotaryFactor()
    {
        if (keys.OptionalCount("rope.dimension_count") is not { } rotated) return null;
        int? headSize = keys.OptionalCount("attention.key_length");
        if (headSize is null && keys.OptionalCount("embedding_length") is { } hidden
            && file.Metadata.TryGet(keys.Key("attention.head_count"), out GgufValue? heads)
            && heads.Type != GgufValueType.Array && heads.AsInteger() is > 0 and long count)
            headSize = (int)(hidden / count);
        return rotated > 0 && rotated < headSize ? (double)rotated / headSize : null;
    }

    private void Factors(string name, string tensorName)
    {
        if (!file.Tensors.TryGetValue(tensorName, out GgufTensor? tensor)) return;
        if (tensor.Type != GgmlType.F32 || tensor.Shape.Count > MaxFactors)
            throw QuireException.BadFile(file.Path, $"tensor {tensor} must hold up to {MaxFactors} numbers of type F32");
        var values = new float[tensor.Shape.Count];
        FloatElements.Widen(DType.F32, tensor.Bytes.AsSpan<byte>(), values);

        json.WriteStartArray(name);
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
                throw QuireException.BadFile(file.Path, $"tensor {tensorName} holds {value}; finite numbers were expected");
            json.WriteNumberValue((double)value);
        }

        json.WriteEndArray();
    }
}
