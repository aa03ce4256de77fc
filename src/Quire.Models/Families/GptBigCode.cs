using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>StarCoder and SantaCoder: GPT-2 with one key head for all queries.</summary>
/// <remarks>transformers <c>modeling_gpt_bigcode.py</c>; checked by <c>golden/families/gpt_bigcode</c>.</remarks>
public sealed class GptBigCode : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GPTBigCodeForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        Gpt.Refuse(config, "scale_attn_weights", false);
        Gpt.Refuse(config, "multi_query", false);
        Gpt.Refuse(config, "add_cross_attention", true);
        int hidden = config.Int("n_embd", 1), heads = config.Int("n_head", 1), positions = config.Int("n_positions", 1);
        return Gpt.Spec(config, hidden, config.Int("n_layer", 1), heads, 1, config.OptionalInt("n_inner", 1) ?? (4 * hidden),
            Gpt.ReadActivation(config, "activation_function", Activation.GeluTanh), positions, LayerNorms.Read(config, "layer_norm_epsilon"), bias: true)
            with
        { Positions = new PositionSpec(positions) };
    }

    public WeightMap Weights(ModelSpec spec) => Gpt2.Names(new WeightMap(), "transformer.");

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufFused();
}
