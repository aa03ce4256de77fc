using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Llama 2 and 3, and all that took its shape: RMS norms, rotary half-split heads, grouped key heads, a SiLU-gated feed-forward.</summary>
/// <remarks>transformers <c>modeling_llama.py</c>; checked by <c>golden/families/llama*</c>.</remarks>
public sealed class Llama : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["LlamaForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => Describe(config, attention => attention);

    public WeightMap Weights(ModelSpec spec) => Names();

    /// <summary>The Llama spec with one change for all layers: how its relatives are described.</summary>
    internal static ModelSpec Describe(ModelConfig config, Func<AttentionSpec, AttentionSpec> change, ClassDefaults? defaults = null)
    {
        defaults ??= ClassDefaults.None;
        int hidden = config.Int("hidden_size", 1), heads = config.OptionalInt("num_attention_heads", 1) ?? defaults.Heads ?? config.Int("num_attention_heads", 1);
        int kvHeads = config.OptionalInt("num_key_value_heads", 1) ?? defaults.KvHeads ?? heads;
        int headSize = config.OptionalInt("head_dim", 1) ?? defaults.HeadSize ?? hidden / heads;
        if (heads % kvHeads != 0) throw config.Bad("num_key_value_heads", $"is {kvHeads}, which does not divide num_attention_heads {heads}");
        if (headSize % 2 != 0) throw config.Bad("head_dim", $"is {headSize}; rotary heads need an even size");

        NormSpec norm = Norm(config);
        bool attentionBias = config.OptionalBool("attention_bias") ?? false;
        AttentionSpec attention = change(new AttentionSpec
        {
            Heads = heads,
            KvHeads = kvHeads,
            HeadSize = headSize,
            Scale = 1 / MathF.Sqrt(headSize),
            Rope = Rope(config, config.Rope, headSize),
            QkvBias = attentionBias,
            OutputBias = attentionBias,
        });
        var mlp = new MlpSpec(config.Int("intermediate_size", 1), defaults.Activation ?? ReadActivation(config), config.OptionalBool("mlp_bias") ?? false);
        return new ModelSpec
        {
            HiddenSize = hidden,
            VocabularySize = config.OptionalInt("vocab_size", 1) ?? defaults.VocabularySize ?? config.Int("vocab_size", 1),
            MaxPositions = LongestContext(config),
            Layers = [.. Enumerable.Repeat(new LayerSpec(norm, attention, norm, mlp), config.Int("num_hidden_layers", 1))],
            FinalNorm = norm,
            TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? false,
        };
    }

    internal static WeightMap Names() => new WeightMap()
        .Map("model.embed_tokens.weight", WeightPart.Embedding)
        .Map("model.norm.weight", WeightPart.FinalNorm)
        .Map("lm_head.weight", WeightPart.Head)
        .Map("model.layers.{layer}.input_layernorm.weight", WeightPart.AttentionNorm)
        .Map("model.layers.{layer}.self_attn.q_proj.weight", WeightPart.Query)
        .Map("model.layers.{layer}.self_attn.q_proj.bias", WeightPart.QueryBias)
        .Map("model.layers.{layer}.self_attn.k_proj.weight", WeightPart.Key)
        .Map("model.layers.{layer}.self_attn.k_proj.bias", WeightPart.KeyBias)
        .Map("model.layers.{layer}.self_attn.v_proj.weight", WeightPart.Value)
        .Map("model.layers.{layer}.self_attn.v_proj.bias", WeightPart.ValueBias)
        .Map("model.layers.{layer}.self_attn.o_proj.weight", WeightPart.Output)
        .Map("model.layers.{layer}.self_attn.o_proj.bias", WeightPart.OutputBias)
        .Map("model.layers.{layer}.post_attention_layernorm.weight", WeightPart.MlpNorm)
        .Map("model.layers.{layer}.mlp.gate_proj.weight", WeightPart.Gate)
        .Map("model.layers.{layer}.mlp.gate_proj.bias", WeightPart.GateBias)
        .Map("model.layers.{layer}.mlp.up_proj.weight", WeightPart.Up)
        .Map("model.layers.{layer}.mlp.up_proj.bias", WeightPart.UpBias)
        .Map("model.layers.{layer}.mlp.down_proj.weight", WeightPart.Down)
        .Map("model.layers.{layer}.mlp.down_proj.bias", WeightPart.DownBias);

    internal static NormSpec Norm(ModelConfig config, float weightOffset = 0) => new((float)(config.OptionalDouble("rms_norm_eps") ?? 1e-6), weightOffset);

    internal static RopeSpec Rope(ModelConfig config, RopeConfig rope, int headSize)
    {
        int rotated = (int)(headSize * (rope.PartialRotaryFactor ?? 1));
        return new RopeSpec(rope.Theta ?? 10000, rotated, RopeScalings.Read(config, rope));
    }

    // llama3 and longrope configurations state the stretched context, the others the original one.
    private static int LongestContext(ModelConfig config)
    {
        int positions = config.OptionalInt("max_position_embeddings", 1) ?? 2048;
        double factor = config.Rope.Factor ?? 1;
        return config.Rope.Type switch
        {
            "yarn" => (int)((config.Rope.OriginalMaxPositionEmbeddings ?? positions) * factor),
            "linear" or "dynamic" => (int)(positions * factor),
            _ => positions,
        };
    }

    private static Activation ReadActivation(ModelConfig config) => config.OptionalString("hidden_act") switch
    {
        null or "silu" or "swish" => Activation.Silu,
        "gelu_pytorch_tanh" or "gelu_new" => Activation.GeluTanh,
        "gelu" => Activation.Gelu,
        "relu" => Activation.Relu,
        "relu2" => Activation.SquaredRelu,
        string other => throw config.Bad("hidden_act", $"is {other}; silu, gelu_pytorch_tanh, gelu, relu and relu2 are supported"),
    };
}
