using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Falcon: 7B (one key head, parallel branches behind one norm), 40B and 180B (groups of heads, two norms), RW (linear biases, branches one after the other).</summary>
/// <remarks>transformers <c>modeling_falcon.py</c>; checked by <c>golden/families/falcon*</c>.</remarks>
public sealed class Falcon : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["FalconForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        bool isGrouped = config.OptionalBool("new_decoder_architecture") ?? false, isParallel = isGrouped || (config.OptionalBool("parallel_attn") ?? true);
        bool hasBiases = config.OptionalBool("alibi") ?? false, hasOneKeyHead = config.OptionalBool("multi_query") ?? true;
        int hidden = config.Int("hidden_size", 1), heads = config.Int("num_attention_heads", 1);
        int kvHeads = isGrouped ? config.OptionalInt("num_kv_heads", 1) ?? heads : hasOneKeyHead ? 1 : heads;
        NormSpec norm = LayerNorms.Read(config, "layer_norm_epsilon");
        bool hasTwoNorms = !isParallel || (isGrouped && (config.OptionalInt("num_ln_in_parallel_attn") ?? 2) == 2);
        if (isGrouped && !hasTwoNorms) throw config.Bad("num_ln_in_parallel_attn", "is 1; two norms are supported with new_decoder_architecture");
        return Gpt.Spec(config, hidden, config.Int("num_hidden_layers", 1), heads, kvHeads, config.OptionalInt("ffn_hidden_size", 1) ?? (4 * hidden),
            Gpt.ReadActivation(config, "activation", Activation.Gelu), config.OptionalInt("max_position_embeddings", 1) ?? 2048, norm, config.OptionalBool("bias") ?? false)
            .WithAttention(attention => attention with
            {
                Rope = hasBiases ? null : Llama.Rope(config, config.Rope, attention.HeadSize),
                // The biases are added before the scores are scaled.
                Alibi = hasBiases ? new AlibiSpec(Factor: attention.Scale) : null,
                QkvByHead = isGrouped || !hasOneKeyHead,
            })
            .WithLayers(layer => layer with { IsParallel = isParallel, MlpNorm = hasTwoNorms ? norm : null });
    }

    public WeightMap Weights(ModelSpec spec)
    {
        const string layer = "transformer.h.{layer}.";
        bool hasOwnNames = spec.Layers[0] is { IsParallel: true, MlpNorm: not null };
        return new WeightMap()
            .Map("transformer.word_embeddings.weight", WeightPart.Embedding)
            .Map("transformer.ln_f.weight", WeightPart.FinalNorm)
            .Map("lm_head.weight", WeightPart.Head)
            .Map(layer + (hasOwnNames ? "ln_attn.weight" : "input_layernorm.weight"), WeightPart.AttentionNorm)
            .Map(layer + (hasOwnNames ? "ln_mlp.weight" : "post_attention_layernorm.weight"), WeightPart.MlpNorm)
            .Map(layer + "self_attention.query_key_value.weight", WeightPart.Query, WeightPart.Key, WeightPart.Value)
            .Map(layer + "self_attention.query_key_value.bias", WeightPart.QueryBias, WeightPart.KeyBias, WeightPart.ValueBias)
            .Map(layer + "self_attention.dense.weight", WeightPart.Output)
            .Map(layer + "self_attention.dense.bias", WeightPart.OutputBias)
            .Map(layer + "mlp.dense_h_to_4h.weight", WeightPart.Up)
            .Map(layer + "mlp.dense_h_to_4h.bias", WeightPart.UpBias)
            .Map(layer + "mlp.dense_4h_to_h.weight", WeightPart.Down)
            .Map(layer + "mlp.dense_4h_to_h.bias", WeightPart.DownBias);
    }

    // Of two norms, the one that GGUF knew from the 7B is the feed-forward's.
    public WeightMap GgufWeights(ModelSpec spec) => spec.Layers[0].MlpNorm is null
        ? WeightMap.GgufFused()
        : WeightMap.GgufFused().Map("blk.{layer}.attn_norm_2.weight", WeightPart.AttentionNorm).Map("blk.{layer}.attn_norm.weight", WeightPart.MlpNorm);
}
