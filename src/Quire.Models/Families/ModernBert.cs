using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>ModernBERT: an encoder with rotated heads, gated feed-forwards, and windows in two layers of three, with a rotary base of their own.</summary>
/// <remarks>transformers <c>modeling_modernbert.py</c>; checked by <c>golden/families/modernbert*</c>.</remarks>
public sealed class ModernBert : IModelFamily
{
    private const string ForClassification = "ModernBertForSequenceClassification";

    public IReadOnlyList<string> Architectures => ["ModernBertModel", ForClassification];

    public ModelSpec Describe(ModelConfig config)
    {
        int hidden = config.Int("hidden_size", 1), heads = config.Int("num_attention_heads", 1), period = config.OptionalInt("global_attn_every_n_layers", 1) ?? 3;
        if (hidden % heads != 0) throw config.Bad("num_attention_heads", $"is {heads}, which does not divide hidden_size {hidden}");
        bool attentionBias = config.OptionalBool("attention_bias") ?? false, normBias = config.OptionalBool("norm_bias") ?? false;
        var norm = new NormSpec((float)(config.OptionalDouble("norm_eps") ?? 1e-5)) { Kind = NormKind.Layer, HasBias = normBias };
        int size = hidden / heads, reach = (config.OptionalInt("local_attention", 1) ?? 128) / 2;
        var mlp = new MlpSpec(config.Int("intermediate_size", 1), Gpt.ReadActivation(config, "hidden_activation", Activation.Gelu), config.OptionalBool("mlp_bias") ?? false);
        RopeConfig global = config.RopeByLayerType.Count > 0 ? config.Rope : config.Rope with { Theta = config.OptionalDouble("global_rope_theta") ?? 160000 };
        RopeConfig local = config.RopeByLayerType.GetValueOrDefault(LayerKinds.Sliding) ?? config.Rope with { Theta = config.OptionalDouble("local_rope_theta") ?? 10000 };
        return new ModelSpec
        {
            HiddenSize = hidden,
            VocabularySize = config.Int("vocab_size", 1),
            MaxPositions = config.OptionalInt("max_position_embeddings", 1) ?? 8192,
            // The embedding's norm is the first layer's.
            Layers = [.. Enumerable.Range(0, config.Int("num_hidden_layers", 1)).Select(i => new LayerSpec(i == 0 ? null : norm, Attention(IsSliding(i)), norm, mlp))],
            EmbeddingNorm = norm,
            FinalNorm = norm,
            TiedEmbedding = true,
            Pooler = config.Architectures.Contains(ForClassification) ? Labels() : Poolers.Embedder(config, Pooling.First),
        };

        bool IsSliding(int layer) => config.LayerTypes is { } types && layer < types.Count ? types[layer] == LayerKinds.Sliding : layer % period != 0;

        AttentionSpec Attention(bool isSliding) => new()
        {
            Heads = heads,
            KvHeads = heads,
            HeadSize = size,
            Scale = 1 / MathF.Sqrt(size),
            Rope = Llama.Rope(config, isSliding ? local : global, size),
            Window = isSliding ? reach + 1 : 0,
            IsBidirectional = true,
            QkvBias = attentionBias,
            OutputBias = attentionBias,
        };

        PoolerSpec Labels() => Poolers.Classifier(
            config,
            config.OptionalString("classifier_pooling") switch
            {
                null or "cls" => Pooling.First,
                "mean" => Pooling.Mean,
                string other => throw config.Bad("classifier_pooling", $"is {other}; cls and mean are supported"),
            },
            new PoolerDenseSpec(config.OptionalBool("classifier_bias") ?? false, Gpt.ReadActivation(config, "classifier_activation", Activation.Gelu), norm),
            bias: true);
    }

    public WeightMap Weights(ModelSpec spec) => new WeightMap()
        .Map("model.embeddings.tok_embeddings.weight", WeightPart.Embedding)
        .Map("model.embeddings.norm.weight", WeightPart.EmbeddingNorm)
        .Map("model.final_norm.weight", WeightPart.FinalNorm)
        .Map("model.layers.{layer}.attn_norm.weight", WeightPart.AttentionNorm)
        .Map("model.layers.{layer}.attn.Wqkv.weight", WeightPart.Query, WeightPart.Key, WeightPart.Value)
        .Map("model.layers.{layer}.attn.Wqkv.bias", WeightPart.QueryBias, WeightPart.KeyBias, WeightPart.ValueBias)
        .Map("model.layers.{layer}.attn.Wo.weight", WeightPart.Output)
        .Map("model.layers.{layer}.attn.Wo.bias", WeightPart.OutputBias)
        .Map("model.layers.{layer}.mlp_norm.weight", WeightPart.MlpNorm)
        .Map("model.layers.{layer}.mlp.Wi.weight", WeightPart.Gate, WeightPart.Up)
        .Map("model.layers.{layer}.mlp.Wi.bias", WeightPart.GateBias, WeightPart.UpBias)
        .Map("model.layers.{layer}.mlp.Wo.weight", WeightPart.Down)
        .Map("model.layers.{layer}.mlp.Wo.bias", WeightPart.DownBias)
        .Map("head.dense.weight", WeightPart.PoolerDense)
        .Map("head.dense.bias", WeightPart.PoolerDenseBias)
        .Map("head.norm.weight", WeightPart.PoolerNorm)
        .Map("classifier.weight", WeightPart.Labels)
        .Map("classifier.bias", WeightPart.LabelBias);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufFused().Map("blk.{layer}.ffn_up.weight", WeightPart.Gate, WeightPart.Up);
}
