using System.Text.Json;

namespace Quire.Formats;

/// <summary>What configurations say about experts: the same numbers under other names in almost every family.</summary>
internal sealed class GgufExpertKeys(GgufFile file, GgufKeys keys, Utf8JsonWriter json)
{
    private const int Sigmoid = 2;

    /// <summary>True where experts are chosen by sigmoids: the key says so, or a correction is there, which only such files have.</summary>
    public static bool HasSigmoids(GgufFile file) =>
        file.Metadata.OptionalCount($"{file.Architecture}.expert_gating_func") is { } rule ? rule == Sigmoid : file.Tensors.Keys.Any(name => name.EndsWith(".exp_probs_b.bias", StringComparison.Ordinal));

    public void Write()
    {
        switch (file.Architecture)
        {
            case "deepseek2":
                Chosen("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size");
                keys.Count("first_k_dense_replace", "leading_dense_block_count");
                keys.Count("n_shared_experts", "expert_shared_count");
                json.WriteString("topk_method", HasSigmoids(file) ? "noaux_tc" : keys.OptionalCount("expert_group_count") is > 1 ? "group_limited_greedy" : "greedy");
                Grouped();
                break;
            case "glm4moe":
                Chosen("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size");
                keys.Count("first_k_dense_replace", "leading_dense_block_count");
                keys.Count("n_shared_experts", "expert_shared_count");
                NeedSigmoids();
                Grouped();
                break;
            case "ernie4_5-moe":
                Chosen("moe_num_experts", "moe_k", "moe_intermediate_size");
                keys.Count("moe_layer_interval", "interleave_moe_layer_step");
                keys.Count("moe_layer_start_index", "leading_dense_block_count");
                // The converter derives the key of the shared size from numbers that do not make it; the count does.
                keys.Count("moe_num_shared_experts", "expert_shared_count");
                break;
            case "llama4":
                Chosen("num_local_experts", "num_experts_per_tok", "intermediate_size");
                keys.Count("intermediate_size_mlp", "feed_forward_length");
                keys.Count("interleave_moe_layer_step", "interleave_moe_layer_step");
                // llama.cpp knows the one that has no norms of heads by its experts.
                json.WriteBoolean("use_qk_norm", keys.OptionalCount("expert_count") != 128);
                break;
            case "minimax-m2":
                Chosen("num_local_experts", "num_experts_per_tok", "intermediate_size");
                NeedSigmoids();
                break;
            case "gpt-oss":
                Chosen("num_local_experts", "num_experts_per_tok", "intermediate_size");
                break;
            case "granitemoe":
                if (keys.OptionalCount("expert_shared_feed_forward_length") is > 0)
                    throw new QuireException(ErrorKind.NotSupported, $"{file.Path}: {keys.Key("expert_shared_feed_forward_length")} is not 0; a shared feed-forward is not supported in GraniteMoe");
                Chosen("num_local_experts", "num_experts_per_tok", null);
                break;
            case "llama":
                Chosen("num_local_experts", "num_experts_per_tok", "moe_intermediate_size");
                break;
            default:
                Chosen("num_experts", "num_experts_per_tok", "moe_intermediate_size");
                keys.Count("shared_expert_intermediate_size", "expert_shared_feed_forward_length");
                // Files do not say it: weights of Qwen3's chosen experts are normalised, those of Qwen2's and OLMoE's are not (llama.cpp).
                if (file.Architecture is "qwen3moe" or "qwen3next") json.WriteBoolean("norm_topk_prob", true);
                break;
        }
    }

    /// <param name="size">Null where it is the feed-forward's.</param>
    private void Chosen(string experts, string chosen, string? size)
    {
        keys.Count(experts, "expert_count");
        keys.Count(chosen, "expert_used_count");
        if (size is not null) keys.Count(size, "expert_feed_forward_length");
    }

    private void Grouped()
    {
        json.WriteBoolean("norm_topk_prob", file.Metadata.OptionalBool(keys.Key("expert_weights_norm")) ?? false);
        keys.Number("routed_scaling_factor", "expert_weights_scale");
        keys.Count("n_group", "expert_group_count");
        keys.Count("topk_group", "expert_group_used_count");
    }

    private void NeedSigmoids()
    {
        if (keys.OptionalCount("expert_gating_func") is { } rule && rule != Sigmoid)
            throw new QuireException(ErrorKind.NotSupported, $"{file.Path}: {keys.Key("expert_gating_func")} is {rule}; {Sigmoid}, sigmoids, is supported in {file.Architecture}");
    }
}
