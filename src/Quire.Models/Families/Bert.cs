using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>BERT and its relatives: encoders with learned positions and token types, layer norms after the sums, a feed-forward without a gate.</summary>
/// <remarks>transformers <c>modeling_bert.py</c>; checked by <c>golden/families/bert*</c>.</remarks>
public sealed class Bert : IModelFamily
{
    private const string ForClassification = "BertForSequenceClassification";

    public IReadOnlyList<string> Architectures => ["BertModel", ForClassification];

    public ModelSpec Describe(ModelConfig config) => Describe(config, firstPosition: 0,
        config.Architectures.Contains(ForClassification)
            ? Poolers.Classifier(config, Pooling.First, new PoolerDenseSpec(Bias: true, Activation: null), bias: true)
            : Poolers.Embedder(config, Pooling.First));

    public WeightMap Weights(ModelSpec spec) => Names("bert.")
        .Map("bert.pooler.dense.weight", WeightPart.PoolerDense)
        .Map("bert.pooler.dense.bias", WeightPart.PoolerDenseBias)
        .Map("classifier.weight", WeightPart.Labels)
        .Map("classifier.bias", WeightPart.LabelBias);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.Gguf()
        .Map("blk.{layer}.attn_output_norm.weight", WeightPart.AttentionNorm)
        .Map("blk.{layer}.layer_output_norm.weight", WeightPart.MlpNorm);

    /// <param name="firstPosition">Row of position 0 in the table of positions.</param>
    internal static ModelSpec Describe(ModelConfig config, int firstPosition, PoolerSpec pooler)
    {
        Gpt.Refuse(config, "is_decoder", true);
        Gpt.Refuse(config, "add_cross_attention", true);
        if (config.OptionalString("position_embedding_type") is { } kind && kind != "absolute") throw config.Bad("position_embedding_type", $"is {kind}; absolute is supported");
        int hidden = config.Int("hidden_size", 1), heads = config.Int("num_attention_heads", 1), rows = config.Int("max_position_embeddings", 1), positions = rows - firstPosition;
        if (positions < 1) throw config.Bad("max_position_embeddings", $"is {rows}, of which {firstPosition} are not positions");
        var norm = new NormSpec((float)(config.OptionalDouble("layer_norm_eps") ?? 1e-12)) { Kind = NormKind.Layer, HasBias = true };
        return Gpt.Spec(config, hidden, config.Int("num_hidden_layers", 1), heads, heads, config.Int("intermediate_size", 1),
            Gpt.ReadActivation(config, "hidden_act", Activation.Gelu), positions, norm, bias: true)
            .WithAttention(attention => attention with { IsBidirectional = true })
            .WithLayers(layer => layer with { NormsAfterSum = true }) with
        {
            Positions = new PositionSpec(positions, firstPosition),
            TokenTypes = config.OptionalInt("type_vocab_size", 0) ?? 2,
            EmbeddingNorm = norm,
            FinalNorm = null,
            Pooler = pooler,
        };
    }

    internal static WeightMap Names(string prefix) => new WeightMap()
        .Map("embeddings.word_embeddings.weight", WeightPart.Embedding)
        .Map("embeddings.position_embeddings.weight", WeightPart.Positions)
        .Map("embeddings.token_type_embeddings.weight", WeightPart.TokenTypes)
        .Map("embeddings.LayerNorm.weight", WeightPart.EmbeddingNorm)
        .Map("encoder.layer.{layer}.attention.self.query.weight", WeightPart.Query)
        .Map("encoder.layer.{layer}.attention.self.query.bias", WeightPart.QueryBias)
        .Map("encoder.layer.{layer}.attention.self.key.weight", WeightPart.Key)
        .Map("encoder.layer.{layer}.attention.self.key.bias", WeightPart.KeyBias)
        .Map("encoder.layer.{layer}.attention.self.value.weight", WeightPart.Value)
        .Map("encoder.layer.{layer}.attention.self.value.bias", WeightPart.ValueBias)
        .Map("encoder.layer.{layer}.attention.output.dense.weight", WeightPart.Output)
        .Map("encoder.layer.{layer}.attention.output.dense.bias", WeightPart.OutputBias)
        .Map("encoder.layer.{layer}.attention.output.LayerNorm.weight", WeightPart.AttentionNorm)
        .Map("encoder.layer.{layer}.intermediate.dense.weight", WeightPart.Up)
        .Map("encoder.layer.{layer}.intermediate.dense.bias", WeightPart.UpBias)
        .Map("encoder.layer.{layer}.output.dense.weight", WeightPart.Down)
        .Map("encoder.layer.{layer}.output.dense.bias", WeightPart.DownBias)
        .Map("encoder.layer.{layer}.output.LayerNorm.weight", WeightPart.MlpNorm)
        .Prefixed(prefix);
}
