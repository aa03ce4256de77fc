namespace Quire.Formats;

/// <summary>
/// Keys of GGUF's own list that make another model of a file, in architectures that do not apply them here. A value that changes nothing is accepted, and so are keys that nobody knows.
/// </summary>
internal sealed class GgufUnappliedKeys(GgufFile file, GgufKeys keys)
{
    private static readonly string[] Latent = ["deepseek2", "minicpm3"], Granite = ["granite", "granitemoe"], Grouped = ["deepseek2", "glm4moe"], Capped = ["gemma2", "gemma3"];

    // These have as many elements in each head as the hidden size gives.
    private static readonly string[] DividedHeads = ["gpt2", "starcoder", "bloom", "falcon", "mpt", "bert", "modern-bert", "lfm2"];

    // Windows of these come from the key.
    private static readonly string[] Windowed = ["llama", "phi3", "gemma2", "gemma3", "cohere2", "gpt-oss", "olmo2", "exaone4", "starcoder2", "modern-bert"];

    // By key: what changes nothing, and who applies it.
    private static readonly (string Key, double[] Neutral, string[] Applied)[] Numbers =
    [
        ("attn_logit_softcapping", [0], Capped),
        ("final_logit_softcapping", [0], Capped),
        ("router_logit_softcapping", [0], []),
        ("attention.clamp_kqv", [0], ["olmo", "mpt"]),
        ("attention.scale", [0], Granite),
        ("attention.output_scale", [0, 1], []),
        ("attention.value_scale", [0, 1], []),
        ("attention.temperature_scale", [0], []),
        ("embedding_scale", [0, 1], Granite),
        ("residual_scale", [0, 1], Granite),
        ("logit_scale", [0, 1], [.. Granite, "command-r", "cohere2"]),
        ("expert_weights_scale", [0, 1], Grouped),
        ("expert_group_scale", [0, 1], []),
        ("expert_group_count", [0, 1], Grouped),
        ("rope.scaling.yarn_log_multiplier", [0], ["deepseek2"]),
    ];

    // Whether weights of the chosen experts are normalised, where it is a property of the architecture.
    private static readonly Dictionary<string, bool> NormalisesExperts = new()
    {
        ["llama"] = true,
        ["qwen3moe"] = true,
        ["qwen3next"] = true,
        ["granitemoe"] = true,
        ["ernie4_5-moe"] = true,
        ["minimax-m2"] = true,
        ["gpt-oss"] = true,
        ["qwen2moe"] = false,
        ["olmoe"] = false,
        ["llama4"] = false,
    };

    /// <exception cref="QuireException">A key asks for what the architecture does not do here; the message names it, its value and what would work.</exception>
    public void Refuse()
    {
        foreach ((string key, double[] neutral, string[] applied) in Numbers)
            if (!applied.Contains(file.Architecture)) Need(key, keys.OptionalNumber(key), neutral);
        if (file.Architecture != "mpt") Need("attention.max_alibi_bias", keys.OptionalNumber("attention.max_alibi_bias"), file.Architecture == "bloom" ? [0, 8] : [0]);
        RefuseSizes();
        RefuseRotation();
        if (!Windowed.Contains(file.Architecture) && keys.OptionalCount("attention.sliding_window") is > 0 and int window && window < keys.OptionalCount("context_length"))
            throw Unapplied("attention.sliding_window", window, "0, or at least the context's length");
        if (file.Architecture == "llama4" && keys.OptionalCount("attention.sliding_window") == 0) throw Unapplied("attention.sliding_window", 0, "chunks of 8192 tokens");
        if (NormalisesExperts.TryGetValue(file.Architecture, out bool normalises) && file.Metadata.OptionalBool(keys.Key("expert_weights_norm")) is { } asked && asked != normalises)
            throw Unapplied("expert_weights_norm", asked, normalises ? "true" : "false");
        if (file.Architecture != "modern-bert" && file.Metadata.OptionalString(keys.Key("hidden_activation")) is { } activation)
            throw new QuireException(ErrorKind.NotSupported, $"{file.Path}: {keys.Key("hidden_activation")} is {activation}; {file.Architecture} is supported with its own activation, without the key");
        foreach (string key in (string[])["swiglu_clamp_exp", "swiglu_clamp_shexp"])
            if (file.Metadata.OptionalArray(keys.Key(key))?.ToNumbers().FirstOrDefault(limit => limit != 0) is { } limit and not 0) throw Unapplied(key, limit, "0");
    }

    private void RefuseSizes()
    {
        int? heads = keys.OptionalScalarCount("attention.head_count"), divided = heads > 0 ? keys.OptionalCount("embedding_length") / heads : null;
        int? key = keys.OptionalCount("attention.key_length") ?? divided, value = keys.OptionalCount("attention.value_length");
        if (DividedHeads.Contains(file.Architecture)) Same("attention.key_length", divided, "the hidden size over its heads");
        if (!Latent.Contains(file.Architecture)) Same("attention.value_length", key, "as keys have");
        Same("attention.key_length_swa", key, "as in layers without a window");
        Same("attention.value_length_swa", value ?? key, "as in layers without a window");
        Same("rope.dimension_count_swa", keys.OptionalCount("rope.dimension_count") ?? key, "as in layers without a window");

        // Without numbers of heads there is nothing to compare with, and loading says what is missing.
        void Same(string name, int? wanted, string why)
        {
            if (wanted is { } size && keys.OptionalCount(name) is { } own && own != size) throw Unapplied(name, own, $"{size}, {why},");
        }
    }

    private void RefuseRotation()
    {
        double theta = keys.OptionalNumber("rope.freq_base") ?? 10000;
        bool hasOwn = file.Architecture is "gemma3" or "modern-bert" || (file.Architecture == "olmo2" && keys.OptionalCount("attention.sliding_window") is > 0);
        if (!hasOwn) Need("rope.freq_base_swa", keys.OptionalNumber("rope.freq_base_swa"), theta);
        string type = file.Metadata.OptionalString(keys.Key("rope.scaling.type")) ?? "none";
        bool isYarn = type == "yarn";
        Need("rope.scaling.yarn_ext_factor", keys.OptionalNumber("rope.scaling.yarn_ext_factor"), -1, isYarn ? 1 : 0);
        if (!isYarn && !file.Tensors.Keys.Any(tensor => tensor.StartsWith("rope_factors_", StringComparison.Ordinal))) Need("rope.scaling.attn_factor", keys.OptionalNumber("rope.scaling.attn_factor"), 1);
    }

    private void Need(string key, double? value, params double[] neutral)
    {
        // Files hold most numbers as float32.
        if (value is { } number && !neutral.Any(wanted => (float)wanted == (float)number)) throw Unapplied(key, number, string.Join(" or ", neutral));
    }

    private QuireException Unapplied(string key, object value, string neutral) =>
        new(ErrorKind.NotSupported, $"{file.Path}: {keys.Key(key)} is {value}, which makes another model; {file.Architecture} is supported with {neutral} or without the key");
}
