using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>MPT: linear biases with slopes of its own rule, layer norms and products without biases; query, key and value may be clamped.</summary>
/// <remarks>transformers <c>modeling_mpt.py</c>; checked by <c>golden/families/mpt</c>.</remarks>
public sealed class Mpt : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["MPTForCausalLM", "MptForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        ConfigObject attention = config.OptionalObject("attn_config") ?? throw config.Bad("attn_config", "is missing");
        if (attention.OptionalBool("alibi") != true) throw attention.Bad("alibi", "is not true; learned positions are not supported here");
        if (attention.OptionalBool("qk_ln") == true) throw attention.Bad("qk_ln", "is true; norms of queries and keys are not supported here");
        if (attention.OptionalBool("prefix_lm") == true) throw attention.Bad("prefix_lm", "is true, which is not supported");
        if (attention.OptionalString("attn_type") is { } type && type != "multihead_attention") throw attention.Bad("attn_type", $"is {type}; multihead_attention is supported");
        if (attention.OptionalBool("rope") == true) throw attention.Bad("rope", "is true; rotary positions are not supported here");
        if (config.OptionalString("norm_type") is { } norms && norms is not ("low_precision_layernorm" or "layernorm"))
            throw config.Bad("norm_type", $"is {norms}; low_precision_layernorm and layernorm are supported");
        if (config.OptionalObject("ffn_config") is { } mlp && mlp.OptionalString("ffn_type") is { } mlpType && mlpType != "mptmlp")
            throw mlp.Bad("ffn_type", $"is {mlpType}; mptmlp is supported");
        Gpt.Refuse(config, "no_bias", false);
        if (config.Has("logit_scale")) throw config.Bad("logit_scale", "is set, which is not supported");
        int hidden = config.Int("d_model", 1), heads = config.Int("n_heads", 1);
        var norm = new NormSpec((float)(config.OptionalDouble("layer_norm_epsilon") ?? 1e-5)) { Kind = NormKind.Layer };
        return Gpt.Spec(config, hidden, config.Int("n_layers", 1), heads, heads, hidden * (config.OptionalInt("expansion_ratio", 1) ?? 4), Activation.Gelu, config.Int("max_seq_len", 1), norm, bias: false)
            .WithAttention(of => of with
            {
                Alibi = new AlibiSpec(attention.OptionalDouble("alibi_bias_max") ?? 8, TakesOddOnes: true),
                QkvClip = (float)(attention.OptionalDouble("clip_qkv") ?? 0),
                Scale = (float)(attention.OptionalDouble("softmax_scale") ?? of.Scale),
            });
    }

    public WeightMap Weights(ModelSpec spec) => new WeightMap()
        .Map("transformer.wte.weight", WeightPart.Embedding)
        .Map("transformer.norm_f.weight", WeightPart.FinalNorm)
        .Map("lm_head.weight", WeightPart.Head)
        .Map("transformer.blocks.{layer}.norm_1.weight", WeightPart.AttentionNorm)
        .Map("transformer.blocks.{layer}.attn.Wqkv.weight", WeightPart.Query, WeightPart.Key, WeightPart.Value)
        .Map("transformer.blocks.{layer}.attn.out_proj.weight", WeightPart.Output)
        .Map("transformer.blocks.{layer}.norm_2.weight", WeightPart.MlpNorm)
        .Map("transformer.blocks.{layer}.ffn.up_proj.weight", WeightPart.Up)
        .Map("transformer.blocks.{layer}.ffn.down_proj.weight", WeightPart.Down);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufFused();
}
