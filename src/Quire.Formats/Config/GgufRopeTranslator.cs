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

    private const string Long = "rope_factors_long.weight", Short = "rope_factors_short.weight", Divisors = "rope_freqs.weight";

    /// <summary>Families that rotate a part of each head unless their configuration says otherwise; a file without the key rotates all.</summary>
    private static readonly string[] Partial = ["phi2", "chatglm", "glm4", "glm4moe", "gptneox", "stablelm", "nemotron", "qwen3next"];

    /// <summary>True where the rotated part of a head is one of its own, whose size is a key.</summary>
    public static bool RotatesApart(GgufFile file) => file.Architecture is "deepseek2" or "minicpm3";

    public void Write()
    {
        // What a file without the key has, whatever the family's class has.
        double theta = keys.OptionalNumber("rope.freq_base") ?? 10000;
        json.WriteNumber("rope_theta", theta);
        // Windowed layers of these have one of their own, stated or not.
        double? local = keys.OptionalNumber("rope.freq_base_swa") ?? GgufArchitecture.Of(file).ModelType switch { "olmo3" => theta, "modernbert" => 10000, _ => null };
        if (local is { } number) json.WriteNumber("rope_local_base_freq", number);
        if (RotaryFactor() is { } share) json.WriteNumber("partial_rotary_factor", share);

        string? type = file.Metadata.OptionalString(keys.Key("rope.scaling.type"));
        double? factor = keys.OptionalNumber("rope.scaling.factor") ?? keys.OptionalNumber("rope.scale_linear");
        bool longRope = Has(Long);
        if (longRope != Has(Short)) throw QuireException.BadFile(file.Path, $"has a tensor {(longRope ? Long : Short)} and none {(longRope ? Short : Long)}");
        if (type is null or "none") type = longRope ? "longrope" : type is "none" || factor is null or 1 ? "default" : "linear";
        double? alpha = keys.OptionalNumber("rope.scaling.alpha");
        if (alpha > 0) type = "dynamic";

        if (Has(Divisors) && type != "default") throw new QuireException(ErrorKind.NotSupported, $"{file.Path}: scales its rotation by the tensor {Divisors} and by the rule {type}; one of the two is supported");

        json.WriteStartObject("rope_scaling");
        json.WriteString("rope_type", type);
        if (factor is { } stretch && type != "default") json.WriteNumber("factor", stretch);
        if (alpha > 0) json.WriteNumber("alpha", alpha.Value);
        keys.Count("original_max_position_embeddings", "rope.scaling.original_context_length");
        if (AttentionFactor(type, factor ?? 1) is { } attention) json.WriteNumber("attention_factor", attention);
        keys.Number("beta_fast", "rope.scaling.yarn_beta_fast");
        keys.Number("beta_slow", "rope.scaling.yarn_beta_slow");
        if (file.Architecture == "deepseek2" && keys.OptionalNumber("rope.scaling.yarn_log_multiplier") is { } multiplier)
        {
            // A tenth of mscale_all_dim, which all such models have as mscale too.
            json.WriteNumber("mscale", multiplier / 0.1);
            json.WriteNumber("mscale_all_dim", multiplier / 0.1);
        }
        // Files do not say it; every gpt-oss has it so.
        if (file.Architecture == "gpt-oss") json.WriteBoolean("truncate", false);
        Factors("long_factor", Long);
        Factors("short_factor", Short);
        Factors("frequency_factors", Divisors);
        json.WriteEndObject();
    }

    // YaRN's own key takes the place of what YaRN has anyway; the common one multiplies either.
    private double? AttentionFactor(string type, double factor)
    {
        double? common = keys.OptionalNumber("rope.scaling.attn_factor");
        if (type != "yarn") return common;
        double? own = keys.OptionalNumber("rope.scaling.yarn_attn_factor");
        return common is null ? own : common * (own ?? ((0.1 * Math.Log(Math.Max(factor, 1))) + 1));
    }

    /// <summary>The share of each head's elements that rotate, or null where all do.</summary>
    private double? RotaryFactor()
    {
        if (RotatesApart(file)) return null;
        double? all = Partial.Contains(file.Architecture) ? 1 : null;
        if (keys.OptionalCount("rope.dimension_count") is not { } rotated || HeadSize() is not { } headSize) return all;
        if (rotated < 2 || rotated % 2 != 0 || rotated > headSize)
            throw QuireException.BadFile(file.Path, $"{keys.Key("rope.dimension_count")} is {rotated}; an even number up to {headSize}, a head's elements, was expected");
        if (rotated == headSize) return all;
        double share = (double)rotated / headSize;
        // Whoever multiplies it again cuts the product down to whole elements.
        return (int)(headSize * share) == rotated ? share : Math.BitIncrement(share);
    }

    private bool Has(string tensor) => file.Tensors.ContainsKey(tensor);

    private int? HeadSize()
    {
        if (keys.OptionalCount("attention.key_length") is { } stated) return stated;
        return keys.OptionalCount("embedding_length") is { } hidden && keys.OptionalScalarCount("attention.head_count") is > 0 and int count ? hidden / count : null;
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
