using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Models;

/// <summary>
/// What llama.cpp's converter says about a model: after the <c>set_gguf_parameters</c> of its model classes. Where those write a number of the one model they were made for, this writes the
/// configuration's; where they leave out what llama.cpp reads for every architecture (head sizes, rotary bases) and the checkpoint needs it, this writes it.
/// </summary>
internal sealed class GgufCopyKeys(Checkpoint origin, string architecture, TinyGguf file)
{
    // These are written without the keys of all others.
    private static readonly string[] Alone = ["chatglm", "phi2", "phi3", "minicpm3", "bloom", "falcon", "mpt", "gptneox", "gpt2", "starcoder", "stablelm", "gemma", "gemma2"];

    private readonly ModelConfig config = origin.Config;

    private int Hidden => First("hidden_size", "n_embd", "n_embed", "d_model")!.Value;

    private int Heads => First("num_attention_heads", "n_head", "n_heads")!.Value;

    private int HeadSize => config.OptionalInt("head_dim") ?? (Hidden / Heads);

    /// <summary>Latent attention in the form that files had before it was written as one over latents.</summary>
    public bool KeepsLatentsWhole { get; init; }

    public static int FalconKvHeads(ModelConfig config) => config.OptionalInt("num_kv_heads") ?? 1;

    public void Write()
    {
        Count("block_count", First("num_hidden_layers", "n_layer", "n_layers")!.Value + (architecture == "glm4moe" ? config.OptionalInt("num_nextn_predict_layers") ?? 0 : 0));
        Count("context_length", architecture switch
        {
            "hunyuan-dense" => 256 * 1024,
            "falcon" => 2048,
            _ => First("max_position_embeddings", "n_positions", "seq_length", "max_seq_len")!.Value - (architecture == "bert" && config.ModelType != "bert" ? config.Int("pad_token_id") + 1 : 0),
        });
        Count("embedding_length", Hidden);
        Count("attention.head_count", Heads);
        bool isGated = architecture == "llama4";
        if (architecture != "lfm2") Count("feed_forward_length", First(isGated ? "intermediate_size_mlp" : "intermediate_size", "ffn_hidden_size", "n_inner") ?? (4 * Hidden));
        Epsilons();
        if (!Alone.Contains(architecture)) Common();
        else if (config.Has("head_dim")) HeadSizes(HeadSize, HeadSize);
        Rotated();
        Own();
        if (architecture is "bert" or "modern-bert" or "qwen3") Pooled();
        file.Text("tokenizer.ggml.model", "gpt2").Strings("tokenizer.ggml.tokens", [.. Enumerable.Range(0, config.Int("vocab_size")).Select(id => $"t{id}")]);
    }

    private void Epsilons()
    {
        // OLMo's, MPT's: no configuration states them.
        if (architecture is "olmo" or "mpt") Number("attention.layer_norm_epsilon", 1e-5);
        else CopiedFirst("attention.layer_norm_epsilon", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", architecture == "nemotron" ? "norm_eps" : "");
        CopiedFirst("attention.layer_norm_rms_epsilon", "rms_norm_eps", "norm_eps");
    }

    private void Common()
    {
        if (architecture == "deepseek2") Count("attention.head_count_kv", KeepsLatentsWhole ? Heads : 1);
        else if (architecture != "lfm2" && config.OptionalInt("num_key_value_heads") is { } kvHeads) Count("attention.head_count_kv", kvHeads);
        if (First("num_local_experts", "num_experts") is { } experts) Count("expert_count", experts);
        Copy("num_experts_per_tok", "expert_used_count");
        Copy("n_group", "expert_group_count");
        Copy("topk_group", "expert_group_used_count");
        if (config.OptionalString("scoring_func") is { } score) Count("expert_gating_func", score == "sigmoid" ? 2 : 1);
        if (config.Has("head_dim")) HeadSizes(HeadSize, HeadSize);
    }

    private void Rotated()
    {
        bool isCommon = !Alone.Contains(architecture);
        double? theta = config.OptionalDouble("global_rope_theta") ?? config.OptionalDouble("rope_theta") ?? config.OptionalDouble("rotary_emb_base");
        if (isCommon ? theta is not null : theta is not null and not 10000 || architecture == "phi3") Number("rope.freq_base", architecture == "hunyuan-dense" ? Stretched(theta!.Value) : theta!.Value);
        if ((config.OptionalDouble("local_rope_theta") ?? config.OptionalDouble("rope_local_base_freq")) is { } local) Number("rope.freq_base_swa", local);
        double share = config.Rope.PartialRotaryFactor ?? 1;
        if (architecture is "llama" or "granite" or "granitemoe" or "smollm3" or "llama4" or "apertus" or "glm4" or "glm4moe" or "chatglm" or "phi2" or "phi3" or "gptneox" or "stablelm" or "cohere2" or "nemotron" or "qwen3next" or "minimax-m2")
            Count("rope.dimension_count", (int)(HeadSize * share));
        switch (config.Rope.Type)
        {
            case "linear":
                file.Text($"{architecture}.rope.scaling.type", "linear");
                Number("rope.scaling.factor", config.Rope.Factor!.Value);
                break;
            case "yarn":
                file.Text($"{architecture}.rope.scaling.type", "yarn");
                Number("rope.scaling.factor", config.Rope.Factor!.Value);
                Count("rope.scaling.original_context_length", config.Rope.OriginalMaxPositionEmbeddings!.Value);
                if (config.Rope.AttentionFactor is { } attention) Number("rope.scaling.yarn_attn_factor", attention);
                if (config.Rope.BetaFast is { } fast) Number("rope.scaling.yarn_beta_fast", fast);
                if (config.Rope.BetaSlow is { } slow) Number("rope.scaling.yarn_beta_slow", slow);
                break;
            case "llama3":
                Factors("rope_freqs", [.. Llama3Divisors()]);
                break;
            case "longrope":
                double scale = config.Int("max_position_embeddings") / (double)config.Rope.OriginalMaxPositionEmbeddings!.Value;
                Number("rope.scaling.attn_factor", scale > 1 ? Math.Sqrt(1 + (Math.Log(scale) / Math.Log(config.Rope.OriginalMaxPositionEmbeddings.Value))) : 1);
                Count("rope.scaling.original_context_length", config.Rope.OriginalMaxPositionEmbeddings.Value);
                Factors("rope_factors_long", config.Rope.LongFactor!);
                Factors("rope_factors_short", config.Rope.ShortFactor!);
                break;
            case "dynamic":
                file.Text("hunyuan-dense.rope.scaling.type", "none");
                Number("rope.scaling.factor", 1);
                Count("rope.scaling.original_context_length", 256 * 1024);
                break;
        }
    }

    // HunYuan's rule, which stretches the base once for all.
    private double Stretched(double theta) => config.Rope.Alpha is { } alpha ? theta * Math.Pow(alpha, HeadSize / (HeadSize - 2.0)) : theta;

    // The converter takes 8192 for the original length, whatever the rule says; here the rule is right.
    private IEnumerable<double> Llama3Divisors()
    {
        double factor = config.Rope.Factor!.Value, low = config.Rope.LowFreqFactor!.Value, high = config.Rope.HighFreqFactor!.Value, length = config.Rope.OriginalMaxPositionEmbeddings!.Value;
        for (int i = 0; i < HeadSize; i += 2)
        {
            double wave = 2 * Math.PI * Math.Pow(config.Rope.Theta!.Value, i / (double)HeadSize), smooth = ((length / wave) - low) / (high - low);
            yield return wave < length / high ? 1 : wave > length / low ? factor : 1 / (((1 - smooth) / factor) + smooth);
        }
    }

    private void Own()
    {
        switch (architecture)
        {
            case "llama" or "starcoder2":
                if (config.OptionalInt("sliding_window") is { } window) Count("attention.sliding_window", window);
                break;
            case "granite" or "granitemoe":
                Copied("attention_multiplier", "attention.scale");
                Copied("embedding_multiplier", "embedding_scale");
                Copied("residual_multiplier", "residual_scale");
                Copied("logits_scaling", "logit_scale");
                break;
            case "olmo":
                Copied("clip_qkv", "attention.clamp_kqv");
                break;
            case "olmo2" or "exaone4":
                if (!Copy("sliding_window", "attention.sliding_window")) break;
                Flags("attention.sliding_window_pattern", config.OptionalStrings("layer_types")!.Select(type => type == "sliding_attention"));
                // transformers gives OLMo 3's windowed layers the class's own base.
                if (architecture == "olmo2") Number("rope.freq_base_swa", 500000);
                break;
            case "gemma2":
                KvHeads();
                Copied("attn_logit_softcapping", "attn_logit_softcapping");
                Copied("final_logit_softcapping", "final_logit_softcapping");
                Copy("sliding_window", "attention.sliding_window");
                break;
            case "gemma" or "gemma3" or "phi3" or "phi2" or "chatglm" or "minicpm3" or "stablelm":
                if (architecture != "gemma3") KvHeads();
                if (architecture is "gemma3" or "phi3") Count("attention.sliding_window", config.OptionalInt("sliding_window") ?? 0);
                if (architecture == "stablelm") file.Bool("stablelm.use_parallel_residual", config.OptionalBool("use_parallel_residual") ?? true);
                if (architecture == "minicpm3") Latents();
                break;
            case "command-r" or "cohere2":
                Copied("logit_scale", "logit_scale");
                if (architecture == "cohere2") Copy("sliding_window", "attention.sliding_window");
                file.Text($"{architecture}.rope.scaling.type", "none");
                break;
            case "bloom":
                Count("attention.head_count_kv", Heads);
                break;
            case "falcon":
                Count("attention.head_count_kv", FalconKvHeads(config));
                break;
            case "starcoder":
                Count("attention.head_count_kv", 1);
                break;
            case "gptneox":
                file.Bool("gptneox.use_parallel_residual", config.OptionalBool("use_parallel_residual") ?? true);
                break;
            case "mpt":
                ConfigObject attention = config.OptionalObject("attn_config")!;
                if (attention.OptionalDouble("clip_qkv") is { } clip) Number("attention.clamp_kqv", clip);
                Number("attention.max_alibi_bias", attention.OptionalDouble("alibi_bias_max")!.Value);
                break;
            case "qwen2moe" or "qwen3moe" or "qwen3next":
                Copy("moe_intermediate_size", "expert_feed_forward_length");
                Copy("shared_expert_intermediate_size", "expert_shared_feed_forward_length");
                if (architecture == "qwen3next") DeltaRule();
                break;
            case "gpt-oss":
                Copy("sliding_window", "attention.sliding_window");
                Copy("intermediate_size", "expert_feed_forward_length");
                break;
            case "minimax-m2":
                Copy("intermediate_size", "expert_feed_forward_length");
                break;
            case "llama4":
                Copy("interleave_moe_layer_step", "interleave_moe_layer_step");
                Copy("intermediate_size", "expert_feed_forward_length");
                break;
            case "deepseek2":
                Latents();
                Routed();
                break;
            case "glm4moe":
                Routed();
                Count("expert_gating_func", 2);
                Copy("num_nextn_predict_layers", "nextn_predict_layers");
                break;
            case "ernie4_5-moe":
                Copy("moe_num_experts", "expert_count");
                Copy("moe_k", "expert_used_count");
                Copy("moe_layer_interval", "interleave_moe_layer_step");
                Copy("moe_layer_start_index", "leading_dense_block_count");
                Copy("moe_intermediate_size", "expert_feed_forward_length");
                Copy("moe_num_shared_experts", "expert_shared_count");
                Count("expert_shared_feed_forward_length", config.Int("intermediate_size") / config.Int("num_key_value_heads"));
                break;
            case "lfm2":
                int size = 2 * config.Int("block_ff_dim") / 3, multiple = config.Int("block_multiple_of");
                Count("feed_forward_length", (int)(size * config.OptionalDouble("block_ffn_dim_multiplier")!.Value + multiple - 1) / multiple * multiple);
                Copy("conv_L_cache", "shortconv.l_cache");
                file.Pair("lfm2.attention.head_count_kv", 9, TinyGguf.Array(5, [.. config.OptionalStrings("layer_types")!.Select(type => BitConverter.GetBytes(type == "conv" ? 0 : config.Int("num_key_value_heads")))]));
                break;
            case "modern-bert":
                Copy("local_attention", "attention.sliding_window");
                Copy("global_attn_every_n_layers", "attention.sliding_window_pattern");
                file.Text("modern-bert.rope.scaling.type", "none");
                break;
            case "apertus":
                foreach (string name in (string[])["alpha_p", "alpha_n", "beta", "eps"])
                    file.Pair($"xielu.{name}", 9, TinyGguf.Array(6, [.. Enumerable.Range(0, config.Int("num_hidden_layers")).Select(layer => BitConverter.GetBytes(CopiedTensor.Read(origin.Get($"model.layers.{layer}.mlp.act_fn.{name}")).Values[0]))]));
                break;
        }
    }

    // Encoders, and decoders that sentence-transformers' files make embedders.
    private void Pooled()
    {
        if (architecture == "bert") file.UInt32("tokenizer.ggml.token_type_count", (uint)(config.OptionalInt("type_vocab_size") ?? 1));
        if (architecture != "qwen3") file.Bool($"{architecture}.attention.causal", false);
        if (SentenceTransformersFolder.Read(origin.Path)?.PoolingMode is { } mode) Count("pooling_type", mode switch { "mean_tokens" => 1, "cls_token" => 2, _ => 3 });
        if (config.OptionalObject("id2label") is not { } labels) return;
        // Of decoders that rerank.
        if (architecture == "qwen3") Count("pooling_type", 4);
        file.Strings($"{architecture}.classifier.output_labels", [.. labels.Names().Order(StringComparer.Ordinal).Select(id => labels.OptionalString(id)!)]);
    }

    private void Latents()
    {
        Copy("q_lora_rank", "attention.q_lora_rank");
        Copy("kv_lora_rank", "attention.kv_lora_rank");
        Copy("qk_rope_head_dim", "rope.dimension_count");
        int latent = config.Int("kv_lora_rank"), rotated = config.Int("qk_rope_head_dim"), whole = config.Int("qk_nope_head_dim") + rotated, value = config.Int("v_head_dim");
        if (architecture == "minicpm3" || KeepsLatentsWhole)
        {
            HeadSizes(whole, value);
        }
        else
        {
            HeadSizes(latent + rotated, latent);
            Count("attention.key_length_mla", whole);
            Count("attention.value_length_mla", value);
        }
        if (config.Rope.MscaleAllDim is { } all) Number("rope.scaling.yarn_log_multiplier", 0.1 * all);
    }

    private void Routed()
    {
        Copy("n_routed_experts", "expert_count");
        Copy("n_shared_experts", "expert_shared_count");
        Copy("first_k_dense_replace", "leading_dense_block_count");
        Copy("moe_intermediate_size", "expert_feed_forward_length");
        Copied("routed_scaling_factor", "expert_weights_scale");
        if (config.OptionalBool("norm_topk_prob") == true) file.Bool($"{architecture}.expert_weights_norm", true);
    }

    private void DeltaRule()
    {
        Copy("linear_conv_kernel_dim", "ssm.conv_kernel");
        Copy("linear_key_head_dim", "ssm.state_size");
        Copy("linear_num_key_heads", "ssm.group_count");
        Copy("linear_num_value_heads", "ssm.time_step_rank");
        Count("ssm.inner_size", config.Int("linear_value_head_dim") * config.Int("linear_num_value_heads"));
        Copy("full_attention_interval", "full_attention_interval");
    }

    private void KvHeads() => Count("attention.head_count_kv", config.OptionalInt("num_key_value_heads") ?? Heads);

    private void HeadSizes(int key, int value)
    {
        Count("attention.key_length", key);
        Count("attention.value_length", value);
    }

    private void Factors(string name, IReadOnlyList<double> factors) =>
        file.Tensor(name + ".weight", 0, [factors.Count], [.. factors.SelectMany(factor => BitConverter.GetBytes((float)factor))]);

    private void Flags(string key, IEnumerable<bool> flags) => file.Pair($"{architecture}.{key}", 9, TinyGguf.Array(7, [.. flags.Select(flag => new[] { flag ? (byte)1 : (byte)0 })]));

    private int? First(params string[] names) => names.Select(name => config.OptionalInt(name)).FirstOrDefault(value => value is not null);

    private void Count(string key, int value) => file.UInt32($"{architecture}.{key}", (uint)value);

    private void Number(string key, double value) => file.Float32($"{architecture}.{key}", (float)value);

    private bool Copy(string name, string key)
    {
        if (config.OptionalInt(name) is not { } value) return false;
        Count(key, value);
        return true;
    }

    private void Copied(string name, string key)
    {
        if (config.OptionalDouble(name) is { } value) Number(key, value);
    }

    private void CopiedFirst(string key, params string[] names)
    {
        if (names.FirstOrDefault(config.Has) is { } name) Copied(name, key);
    }
}
