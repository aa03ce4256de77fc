using System.Text.RegularExpressions;

namespace Quire.Conformance.Models;

/// <summary>What llama.cpp's converter calls the modules of a Hugging Face checkpoint: after its <c>gguf-py/gguf/tensor_mapping.py</c>, and on purpose not after Quire's own maps.</summary>
internal sealed partial class GgufCopyNames(string architecture)
{
    // Families whose norm before the feed-forward has a name of its own there.
    private static readonly string[] PostNorm = ["gpt-oss", "seed_oss", "glm4moe", "qwen3next", "olmo2", "exaone4", "gemma2", "gemma3"];

    private static readonly Dictionary<string, string> OfModel = Table("""
        token_embd       embed_tokens word_embeddings wte embed_in embeddings.word_embeddings embeddings.tok_embeddings
        token_embd_norm  embedding_norm word_embeddings_layernorm embeddings.LayerNorm embeddings.norm
        token_types      embeddings.token_type_embeddings
        position_embd    wpe embeddings.position_embeddings
        output_norm      norm final_layernorm final_layer_norm ln_f norm_f final_norm
        output           lm_head embed_out
        cls              head.dense classifier.dense
        cls.norm         head.norm
        cls.output       classifier classifier.out_proj score
        """);

    private static readonly Dictionary<string, string> OfLayer = Table("""
        attn_norm            input_layernorm ln_1 norm_1 attention_layernorm operator_norm attn_norm ln_mlp
        attn_norm_2          ln_attn
        attn_q               self_attn.q_proj attention.self.query
        attn_k               self_attn.k_proj attention.self.key
        attn_v               self_attn.v_proj attention.self.value
        attn_qkv             self_attn.qkv_proj self_attention.query_key_value attention.query_key_value attn.c_attn attn.Wqkv
        attn_output          self_attn.o_proj self_attn.out_proj self_attn.dense self_attention.dense attention.dense attn.c_proj attn.out_proj attn.Wo attention.output.dense
        attn_output_norm     attention.output.LayerNorm
        layer_output_norm    output.LayerNorm
        attn_q_norm          self_attn.q_norm self_attn.q_layernorm self_attn.query_layernorm
        attn_k_norm          self_attn.k_norm self_attn.k_layernorm self_attn.key_layernorm
        attn_sinks           self_attn.sinks
        attn_q_a             self_attn.q_a_proj
        attn_q_a_norm        self_attn.q_a_layernorm
        attn_q_b             self_attn.q_b_proj
        attn_kv_a_mqa        self_attn.kv_a_proj_with_mqa
        attn_kv_a_norm       self_attn.kv_a_layernorm
        attn_kv_b            self_attn.kv_b_proj
        attn_k_b             self_attn.k_b_proj
        attn_v_b             self_attn.v_b_proj
        shortconv.conv       conv.conv
        shortconv.in_proj    conv.in_proj
        shortconv.out_proj   conv.out_proj
        ssm_a                linear_attn.A_log
        ssm_dt               linear_attn.dt_proj
        ssm_ba               linear_attn.in_proj_ba
        ssm_conv1d           linear_attn.conv1d
        ssm_norm             linear_attn.norm
        ssm_out              linear_attn.out_proj
        attn_gate            linear_attn.z
        post_attention_norm  post_self_attn_layernorm
        ffn_norm             post_attention_layernorm pre_feedforward_layernorm ln_2 norm_2 feedforward_layernorm ffn_norm mlp_norm
        post_ffw_norm        post_feedforward_layernorm post_mlp_layernorm
        ffn_gate             mlp.gate_proj feed_forward.gate_proj feed_forward.w1
        ffn_up               mlp.up_proj feed_forward.up_proj feed_forward.w3 mlp.gate_up_proj mlp.c_fc mlp.fc1 mlp.dense_h_to_4h ffn.up_proj intermediate.dense mlp.Wi
        ffn_down             mlp.down_proj feed_forward.down_proj feed_forward.w2 mlp.c_proj mlp.fc2 mlp.dense_4h_to_h ffn.down_proj output.dense mlp.Wo
        ffn_gate_inp         mlp.gate mlp.router block_sparse_moe.gate block_sparse_moe.router.layer feed_forward.router
        exp_probs_b          mlp.gate.e_score_correction mlp.moe_statics.e_score_correction block_sparse_moe.e_score_correction
        ffn_gate_exps        mlp.experts.gate_proj feed_forward.experts.gate_proj block_sparse_moe.experts.w1
        ffn_up_exps          mlp.experts.up_proj feed_forward.experts.up_proj block_sparse_moe.experts.w3
        ffn_down_exps        mlp.experts.down_proj feed_forward.experts.down_proj block_sparse_moe.experts.w2 block_sparse_moe.output_linear
        ffn_gate_shexp       mlp.shared_expert.gate_proj mlp.shared_experts.gate_proj feed_forward.shared_expert.gate_proj
        ffn_up_shexp         mlp.shared_expert.up_proj mlp.shared_experts.up_proj feed_forward.shared_expert.up_proj
        ffn_down_shexp       mlp.shared_expert.down_proj mlp.shared_experts.down_proj feed_forward.shared_expert.down_proj
        ffn_gate_inp_shexp   mlp.shared_expert_gate
        """);

    /// <summary>A tensor's name in GGUF.</summary>
    /// <param name="name">Without an expert's number.</param>
    /// <exception cref="KeyNotFoundException">The converter knows none: so a checkpoint is never copied in part.</exception>
    public string Of(string name)
    {
        Match match = Parts().Match(name);
        string module = match.Groups["module"].Value, end = match.Groups["end"].Value;
        if (match.Groups["layer"].Value is not { Length: > 0 } layer) return Find(OfModel, module, name) + end;
        string part = module == "post_attention_layernorm" && PostNorm.Contains(architecture) ? "post_attention_norm" : Find(OfLayer, module, name);
        return $"blk.{layer}.{part}{end}";
    }

    private string Find(Dictionary<string, string> table, string module, string name) =>
        table.TryGetValue(module, out string? found) ? found : throw new KeyNotFoundException($"{architecture} has no name for {name}");

    private static Dictionary<string, string> Table(string text) => text.Split('\n')
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .SelectMany(line => line.Skip(1).Select(module => (module, line[0])))
        .ToDictionary();

    [GeneratedRegex(@"^((language_model|model|transformer|gpt_neox|bert|roberta|encoder)\.)*((layers|layer|h|blocks)\.(?<layer>\d+)\.)?(?<module>.*?)(?<end>\.weight|\.bias)?$")]
    private static partial Regex Parts();
}
