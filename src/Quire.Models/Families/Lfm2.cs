using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>LFM2: short gated convolutions, and a few layers of attention with normalised heads.</summary>
/// <remarks>transformers <c>modeling_lfm2.py</c>; checked by <c>golden/families/lfm2</c>.</remarks>
public sealed class Lfm2 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Lfm2ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        int hidden = config.Int("hidden_size", 1), heads = config.Int("num_attention_heads", 1), kvHeads = config.OptionalInt("num_key_value_heads", 1) ?? heads;
        if (hidden % heads != 0 || heads % kvHeads != 0) throw config.Bad("num_attention_heads", $"is {heads}, with hidden_size {hidden} and num_key_value_heads {kvHeads}; each must divide the one before");
        Gpt.Refuse(config, "conv_bias", true);
        int size = hidden / heads, layers = config.Int("num_hidden_layers", 1), kernel = Recurrences.Kernel(config, "conv_L_cache", 3);
        var norm = new NormSpec((float)(config.OptionalDouble("norm_eps") ?? 1e-5));
        var attention = new AttentionSpec
        {
            Heads = heads,
            KvHeads = kvHeads,
            HeadSize = size,
            Scale = 1 / MathF.Sqrt(size),
            Rope = Llama.Rope(config, config.Rope with { Theta = config.Rope.Theta ?? 1e6 }, size),
            QueryNorm = norm,
            KeyNorm = norm,
        };
        var mlp = new MlpSpec(InnerSize(config), Activation.Silu);
        IReadOnlyList<int>? attended = config.OptionalInts("full_attn_idxs");
        return new ModelSpec
        {
            HiddenSize = hidden,
            VocabularySize = config.Int("vocab_size", 1),
            MaxPositions = config.OptionalInt("max_position_embeddings", 1) ?? 128000,
            Layers = [.. Enumerable.Range(0, layers).Select(i => HasAttention(i) ? new LayerSpec(norm, attention, norm, mlp) : new LayerSpec(norm, null, norm, mlp) { Recurrent = new RecurrentSpec(kernel, hidden) })],
            FinalNorm = norm,
            TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? config.OptionalBool("tie_embedding") ?? true,
        };

        bool HasAttention(int layer) => Recurrences.IsRecurrent(config, layer, "conv") is { } isRecurrent ? !isRecurrent : attended is null || attended.Contains(layer);
    }

    // The class shrinks the size that the file states, and rounds it up.
    private static int InnerSize(ModelConfig config)
    {
        int size = config.OptionalInt("block_ff_dim", 1) ?? config.Int("intermediate_size", 1), multiple = config.OptionalInt("block_multiple_of", 1) ?? 256;
        if (config.OptionalBool("block_auto_adjust_ff_dim") == false) return size;
        size = (int)((config.OptionalDouble("block_ffn_dim_multiplier") ?? 1) * (2 * size / 3));
        return (size + multiple - 1) / multiple * multiple;
    }

    public WeightMap Weights(ModelSpec spec) => new WeightMap()
        .Map("model.embed_tokens.weight", WeightPart.Embedding)
        .Map("model.embedding_norm.weight", WeightPart.FinalNorm)
        .Map("lm_head.weight", WeightPart.Head)
        .Map("model.layers.{layer}.operator_norm.weight", WeightPart.AttentionNorm)
        .Map("model.layers.{layer}.conv.in_proj.weight", WeightPart.RecurrentIn)
        .Map("model.layers.{layer}.conv.conv.weight", WeightPart.Convolution)
        .Map("model.layers.{layer}.self_attn.q_proj.weight", WeightPart.Query)
        .Map("model.layers.{layer}.self_attn.k_proj.weight", WeightPart.Key)
        .Map("model.layers.{layer}.self_attn.v_proj.weight", WeightPart.Value)
        .Map("model.layers.{layer}.self_attn.q_layernorm.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_layernorm.weight", WeightPart.KeyNorm)
        .Map("model.layers.{layer}.self_attn.out_proj.weight", WeightPart.Output)
        .Map("model.layers.{layer}.conv.out_proj.weight", WeightPart.RecurrentOut)
        .Map("model.layers.{layer}.ffn_norm.weight", WeightPart.MlpNorm)
        .Map("model.layers.{layer}.feed_forward.w1.weight", WeightPart.Gate)
        .Map("model.layers.{layer}.feed_forward.w3.weight", WeightPart.Up)
        .Map("model.layers.{layer}.feed_forward.w2.weight", WeightPart.Down);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.Gguf()
        .Map("token_embd_norm.weight", WeightPart.FinalNorm)
        .Map("blk.{layer}.shortconv.in_proj.weight", WeightPart.RecurrentIn)
        .Map("blk.{layer}.shortconv.conv.weight", WeightPart.Convolution)
        .Map("blk.{layer}.shortconv.out_proj.weight", WeightPart.RecurrentOut);
}
