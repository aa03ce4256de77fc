using System.Text.Json;

namespace Quire.Formats;

/// <summary>What configurations say about experts: the same numbers under other names in almost every family.</summary>
internal sealed class GgufExpertKeys(GgufFile file, GgufKeys keys, Utf8JsonWriter json)
{
    private const int Softmax = 1, Sigmoid = 2, SoftmaxOfChosen = 3;
    private const string SharedCount = "expert_shared_count", SharedSize = "expert_shared_feed_forward_length";

    /// <summary>True where experts are chosen by sigmoids: the key says so, or a correction is there, which only such files have.</summary>
    public static bool HasSigmoids(GgufFile file) =>
        file.Metadata.OptionalCount($"{file.Architecture}.expert_gating_func") is > 0 and int rule ? rule == Sigmoid : file.Tensors.Keys.Any(name => name.EndsWith(".exp_probs_b.bias", StringComparison.Ordinal));

    public void Write()
    {
        switch (file.Architecture)
        {
            case "deepseek2":
                Chosen("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size");
                keys.Count("first_k_dense_replace", "leading_dense_block_count");
                Shared("n_shared_experts", SharedCount);
                NeedRule(Softmax, Sigmoid);
                json.WriteString("topk_method", HasSigmoids(file) ? "noaux_tc" : keys.OptionalCount("expert_group_count") is > 1 ? "group_limited_greedy" : "greedy");
                Grouped();
                break;
            case "glm4moe":
                Chosen("n_routed_experts", "num_experts_per_tok", "moe_intermediate_size");
                keys.Count("first_k_dense_replace", "leading_dense_block_count");
                Shared("n_shared_experts", SharedCount);
                NeedRule(Sigmoid);
                Grouped();
                break;
            case "ernie4_5-moe":
                Chosen("moe_num_experts", "moe_k", "moe_intermediate_size");
                keys.Count("moe_layer_interval", "interleave_moe_layer_step");
                keys.Count("moe_layer_start_index", "leading_dense_block_count");
                // The converter derives the key of the shared size from numbers that do not make it; the count does.
                Shared("moe_num_shared_experts", SharedCount);
                NeedRule(Softmax);
                break;
            case "llama4":
                Chosen("num_local_experts", "num_experts_per_tok", "intermediate_size");
                keys.Count("intermediate_size_mlp", "feed_forward_length");
                keys.Count("interleave_moe_layer_step", "interleave_moe_layer_step");
                // llama.cpp knows the one that has no norms of heads by its experts.
                json.WriteBoolean("use_qk_norm", keys.OptionalCount("expert_count") != 128);
                NeedRule(Sigmoid);
                break;
            case "minimax-m2":
                Chosen("num_local_experts", "num_experts_per_tok", "intermediate_size");
                NeedRule(Sigmoid);
                break;
            case "gpt-oss":
                Chosen("num_local_experts", "num_experts_per_tok", "intermediate_size");
                NeedRule(SoftmaxOfChosen);
                break;
            case "granitemoe":
                if (keys.OptionalCount(SharedSize) is > 0) throw new QuireException(ErrorKind.NotSupported, $"{file.Path}: {keys.Key(SharedSize)} is not 0; a shared feed-forward is not supported in GraniteMoe");
                Chosen("num_local_experts", "num_experts_per_tok", null);
                NeedRule(Softmax, SoftmaxOfChosen);
                break;
            case "llama":
                Chosen("num_local_experts", "num_experts_per_tok", "moe_intermediate_size");
                NeedRule(Softmax, SoftmaxOfChosen);
                break;
            default:
                Chosen("num_experts", "num_experts_per_tok", "moe_intermediate_size");
                Shared("shared_expert_intermediate_size", SharedSize);
                NeedRule(Softmax);
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

    // A feed-forward that is there and not counted would be left out unnoticed.
    private void Shared(string name, string key)
    {
        if (keys.OptionalCount(key) is null or 0 && file.Tensors.Keys.Any(tensor => tensor.EndsWith(".ffn_up_shexp.weight", StringComparison.Ordinal)))
            throw QuireException.BadFile(file.Path, $"has tensors of a shared feed-forward, and {keys.Key(key)} says that there is none");
        keys.Count(name, key);
    }

    private void NeedRule(params int[] supported)
    {
        if (keys.OptionalCount("expert_gating_func") is > 0 and int rule && !supported.Contains(rule))
            throw new QuireException(ErrorKind.NotSupported, $"{file.Path}: {keys.Key("expert_gating_func")} is {rule}; of {Softmax}, softmax, {Sigmoid}, sigmoid, and {SoftmaxOfChosen}, softmax of the chosen, {file.Architecture} supports {string.Join(" and ", supported)}");
    }
}
