using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>BLOOM: linear biases instead of positions, a norm of the embedded rows, query, key and value head by head.</summary>
/// <remarks>transformers <c>modeling_bloom.py</c>; checked by <c>golden/families/bloom</c>.</remarks>
public sealed class Bloom : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["BloomForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        Gpt.Refuse(config, "apply_residual_connection_post_layernorm", true);
        int hidden = config.OptionalInt("hidden_size", 1) ?? config.Int("n_embed", 1), heads = config.OptionalInt("n_head", 1) ?? config.Int("num_attention_heads", 1);
        NormSpec norm = LayerNorms.Read(config, "layer_norm_epsilon");
        return Gpt.Spec(config, hidden, config.OptionalInt("n_layer", 1) ?? config.Int("num_hidden_layers", 1), heads, heads, config.OptionalInt("n_inner", 1) ?? (4 * hidden),
            Activation.GeluTanh, config.OptionalInt("seq_length", 1) ?? 2048, norm, bias: true)
            .WithAttention(attention => attention with { Alibi = new AlibiSpec(), QkvByHead = true }) with
        {
            EmbeddingNorm = norm,
        };
    }

    public WeightMap Weights(ModelSpec spec) => new WeightMap()
        .Map("word_embeddings.weight", WeightPart.Embedding)
        .Map("word_embeddings_layernorm.weight", WeightPart.EmbeddingNorm)
        .Map("ln_f.weight", WeightPart.FinalNorm)
        .Map("lm_head.weight", WeightPart.Head)
        .Map("h.{layer}.input_layernorm.weight", WeightPart.AttentionNorm)
        .Map("h.{layer}.self_attention.query_key_value.weight", WeightPart.Query, WeightPart.Key, WeightPart.Value)
        .Map("h.{layer}.self_attention.query_key_value.bias", WeightPart.QueryBias, WeightPart.KeyBias, WeightPart.ValueBias)
        .Map("h.{layer}.self_attention.dense.weight", WeightPart.Output)
        .Map("h.{layer}.self_attention.dense.bias", WeightPart.OutputBias)
        .Map("h.{layer}.post_attention_layernorm.weight", WeightPart.MlpNorm)
        .Map("h.{layer}.mlp.dense_h_to_4h.weight", WeightPart.Up)
        .Map("h.{layer}.mlp.dense_h_to_4h.bias", WeightPart.UpBias)
        .Map("h.{layer}.mlp.dense_4h_to_h.weight", WeightPart.Down)
        .Map("h.{layer}.mlp.dense_4h_to_h.bias", WeightPart.DownBias);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufFused();
}
