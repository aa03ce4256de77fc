using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>GPT-2: learned positions, matrices stored [inputs, outputs].</summary>
/// <remarks>transformers <c>modeling_gpt2.py</c>; checked by <c>golden/families/gpt2</c>.</remarks>
public sealed class Gpt2 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GPT2LMHeadModel"];

    public ModelSpec Describe(ModelConfig config)
    {
        Gpt.Refuse(config, "scale_attn_by_inverse_layer_idx", true);
        Gpt.Refuse(config, "scale_attn_weights", false);
        Gpt.Refuse(config, "add_cross_attention", true);
        int hidden = config.Int("n_embd", 1), heads = config.Int("n_head", 1), positions = config.Int("n_positions", 1);
        return Gpt.Spec(config, hidden, config.Int("n_layer", 1), heads, heads, config.OptionalInt("n_inner", 1) ?? (4 * hidden),
            Gpt.ReadActivation(config, "activation_function", Activation.GeluTanh), positions, LayerNorms.Read(config, "layer_norm_epsilon"), bias: true)
            with
        { Positions = new PositionSpec(positions) };
    }

    public WeightMap Weights(ModelSpec spec) => Names(new WeightMap { IsTransposed = true }, "");

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufFused();

    /// <param name="prefix">Before all names.</param>
    internal static WeightMap Names(WeightMap map, string prefix) => map
        .Map(prefix + "wte.weight", WeightPart.Embedding)
        .Map(prefix + "wpe.weight", WeightPart.Positions)
        .Map(prefix + "ln_f.weight", WeightPart.FinalNorm)
        .Map("lm_head.weight", WeightPart.Head)
        .Map(prefix + "h.{layer}.ln_1.weight", WeightPart.AttentionNorm)
        .Map(prefix + "h.{layer}.attn.c_attn.weight", WeightPart.Query, WeightPart.Key, WeightPart.Value)
        .Map(prefix + "h.{layer}.attn.c_attn.bias", WeightPart.QueryBias, WeightPart.KeyBias, WeightPart.ValueBias)
        .Map(prefix + "h.{layer}.attn.c_proj.weight", WeightPart.Output)
        .Map(prefix + "h.{layer}.attn.c_proj.bias", WeightPart.OutputBias)
        .Map(prefix + "h.{layer}.ln_2.weight", WeightPart.MlpNorm)
        .Map(prefix + "h.{layer}.mlp.c_fc.weight", WeightPart.Up)
        .Map(prefix + "h.{layer}.mlp.c_fc.bias", WeightPart.UpBias)
        .Map(prefix + "h.{layer}.mlp.c_proj.weight", WeightPart.Down)
        .Map(prefix + "h.{layer}.mlp.c_proj.bias", WeightPart.DownBias);
}
