using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>GPT-J: parallel branches behind one layer norm, rotation by neighbours of the first dimensions, biases in feed-forward and head.</summary>
/// <remarks>transformers <c>modeling_gptj.py</c>; checked by <c>golden/families/gptj</c>.</remarks>
public sealed class GptJ : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GPTJForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        int hidden = config.Int("n_embd", 1), heads = config.Int("n_head", 1), headSize = hidden / heads;
        int rotated = config.OptionalInt("rotary_dim", 1) ?? headSize;
        if (config.OptionalString("activation_function") is { } name and not "gelu_new") throw config.Bad("activation_function", $"is {name}; gelu_new is supported");
        NormSpec norm = LayerNorms.Read(config, "layer_norm_epsilon");
        var attention = new AttentionSpec
        {
            Heads = heads,
            KvHeads = heads,
            HeadSize = headSize,
            Scale = 1 / MathF.Sqrt(headSize),
            Rope = Llama.Rope(config, config.Rope with { PartialRotaryFactor = rotated / (double)headSize }, headSize),
            InterleavedRotary = true,
        };
        var mlp = new MlpSpec(config.OptionalInt("n_inner", 1) ?? (4 * hidden), Activation.GeluTanh, Bias: true, IsGated: false);
        return new ModelSpec
        {
            HiddenSize = hidden,
            VocabularySize = config.Int("vocab_size", 1),
            MaxPositions = config.OptionalInt("n_positions", 1) ?? 2048,
            Layers = [.. Enumerable.Repeat(new LayerSpec(norm, attention, null, mlp) { IsParallel = true }, config.Int("n_layer", 1))],
            FinalNorm = norm,
            HeadBias = true,
            TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? false,
        };
    }

    public WeightMap Weights(ModelSpec spec) => new WeightMap()
        .Map("transformer.wte.weight", WeightPart.Embedding)
        .Map("transformer.ln_f.weight", WeightPart.FinalNorm)
        .Map("lm_head.weight", WeightPart.Head)
        .Map("lm_head.bias", WeightPart.HeadBias)
        .Map("transformer.h.{layer}.ln_1.weight", WeightPart.AttentionNorm)
        .Map("transformer.h.{layer}.attn.q_proj.weight", WeightPart.Query)
        .Map("transformer.h.{layer}.attn.k_proj.weight", WeightPart.Key)
        .Map("transformer.h.{layer}.attn.v_proj.weight", WeightPart.Value)
        .Map("transformer.h.{layer}.attn.out_proj.weight", WeightPart.Output)
        .Map("transformer.h.{layer}.mlp.fc_in.weight", WeightPart.Up)
        .Map("transformer.h.{layer}.mlp.fc_in.bias", WeightPart.UpBias)
        .Map("transformer.h.{layer}.mlp.fc_out.weight", WeightPart.Down)
        .Map("transformer.h.{layer}.mlp.fc_out.bias", WeightPart.DownBias);
}
