using Quire.Formats;

namespace Quire.Models;

/// <summary>What families with multi-head latent attention have in common.</summary>
internal static class LatentAttention
{
    /// <summary>Llama's spec with latents.</summary>
    public static ModelSpec Describe(ModelConfig config)
    {
        if (config.OptionalBool("attention_bias") == true) throw config.Bad("attention_bias", "is true; latent attention is supported without biases");
        int plain = config.Int("qk_nope_head_dim", 1), rotated = config.Int("qk_rope_head_dim", 2), size = config.Int("kv_lora_rank", 1);
        if (rotated % 2 != 0) throw config.Bad("qk_rope_head_dim", $"is {rotated}; rotary heads need an even size");
        var latent = new LatentSpec(config.OptionalInt("q_lora_rank", 1) ?? 0, size, plain, rotated, config.Int("v_head_dim", 1), Llama.Norm(config));
        // A head size of the file is a query head's here, or nothing that is used.
        return Llama.Describe(config, attention => attention with
        {
            KvHeads = 1,
            HeadSize = size + rotated,
            Scale = 1 / MathF.Sqrt(plain + rotated),
            Rope = Llama.Rope(config, config.Rope, rotated),
            Latent = latent,
        });
    }

    public static WeightMap GgufNames(ModelSpec spec)
    {
        WeightMap names = WeightMap.Gguf()
            .Map("blk.{layer}.attn_kv_a_mqa.weight", WeightPart.LatentDown)
            .Map("blk.{layer}.attn_kv_a_norm.weight", WeightPart.LatentNorm)
            .Map("blk.{layer}.attn_kv_b.weight", WeightPart.LatentUp)
            .Map("blk.{layer}.attn_k_b.weight", WeightPart.LatentKeys)
            .Map("blk.{layer}.attn_v_b.weight", WeightPart.LatentValues);
        return spec.Layers[0].Attention!.Latent is not { QueryRank: > 0 } ? names : names
            .Map("blk.{layer}.attn_q_a.weight", WeightPart.QueryDown)
            .Map("blk.{layer}.attn_q_a_norm.weight", WeightPart.QueryDownNorm)
            .Map("blk.{layer}.attn_q_b.weight", WeightPart.Query);
    }

    public static WeightMap Names(ModelSpec spec)
    {
        WeightMap names = Llama.Names()
            .Map("model.layers.{layer}.self_attn.kv_a_proj_with_mqa.weight", WeightPart.LatentDown)
            .Map("model.layers.{layer}.self_attn.kv_a_layernorm.weight", WeightPart.LatentNorm)
            .Map("model.layers.{layer}.self_attn.kv_b_proj.weight", WeightPart.LatentUp);
        return spec.Layers[0].Attention!.Latent is not { QueryRank: > 0 } ? names : names
            .Map("model.layers.{layer}.self_attn.q_a_proj.weight", WeightPart.QueryDown)
            .Map("model.layers.{layer}.self_attn.q_a_layernorm.weight", WeightPart.QueryDownNorm)
            .Map("model.layers.{layer}.self_attn.q_b_proj.weight", WeightPart.Query);
    }
}
