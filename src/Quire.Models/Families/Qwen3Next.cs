using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Qwen3 Next: a gated delta rule in three layers of four, attention with a gated output in the fourth, and experts.</summary>
/// <remarks>transformers <c>modeling_qwen3_next.py</c>; checked by <c>golden/families/qwen3_next</c>.</remarks>
public sealed class Qwen3Next : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Qwen3NextForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        Gpt.Refuse(config, "attention_bias", true);
        NormSpec norm = Llama.Norm(config, weightOffset: 1);
        int keyHeads = config.Int("linear_num_key_heads", 1), valueHeads = config.Int("linear_num_value_heads", 1), keySize = config.Int("linear_key_head_dim", 1), valueSize = config.Int("linear_value_head_dim", 1);
        if (valueHeads % keyHeads != 0) throw config.Bad("linear_num_value_heads", $"is {valueHeads}, which linear_num_key_heads {keyHeads} does not divide");
        Recurrences.Check(config, "linear_key_head_dim", keySize);
        Recurrences.Check(config, "linear_value_head_dim", valueSize);
        // The norm of its output has plain weights.
        var delta = new DeltaSpec(keyHeads, valueHeads, keySize, valueSize, Llama.Norm(config));
        var recurrent = new RecurrentSpec(Recurrences.Kernel(config, "linear_conv_kernel_dim", 4), (2 * keyHeads * keySize) + (valueHeads * valueSize), delta);
        ModelSpec spec = Llama.Describe(config, attention => attention with
        {
            QueryNorm = norm,
            KeyNorm = norm,
            GatesOutput = true,
            Rope = LayerNorms.PartialRope(config, attention.HeadSize, 0.25),
        });
        int period = config.OptionalInt("full_attention_interval", 1) ?? 4;
        spec = spec with
        {
            FinalNorm = norm,
            Layers = [.. spec.Layers.Select((layer, i) => IsRecurrent(i) ? layer with { AttentionNorm = norm, MlpNorm = norm, Attention = null, Recurrent = recurrent } : layer with { AttentionNorm = norm, MlpNorm = norm })],
        };
        return Qwen2Moe.WithExperts(config, spec, config.OptionalInt("shared_expert_intermediate_size") ?? 0);

        bool IsRecurrent(int layer) => Recurrences.IsRecurrent(config, layer, "linear_attention") ?? (layer + 1) % period != 0;
    }

    public WeightMap Weights(ModelSpec spec) => new Qwen3().Weights(spec).MapExperts("shared_expert")
        .Map("model.layers.{layer}.mlp.shared_expert_gate.weight", WeightPart.SharedScale)
        .Map("model.layers.{layer}.linear_attn.in_proj_qkvz.weight", WeightPart.RecurrentIn)
        .Map("model.layers.{layer}.linear_attn.in_proj_ba.weight", WeightPart.DeltaGates)
        .Map("model.layers.{layer}.linear_attn.conv1d.weight", WeightPart.Convolution)
        .Map("model.layers.{layer}.linear_attn.A_log", WeightPart.DeltaDecay)
        .Map("model.layers.{layer}.linear_attn.dt_bias", WeightPart.DeltaBias)
        .Map("model.layers.{layer}.linear_attn.norm.weight", WeightPart.DeltaNorm)
        .Map("model.layers.{layer}.linear_attn.out_proj.weight", WeightPart.RecurrentOut);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufPostNorm()
        .Map("blk.{layer}.ssm_in.weight", WeightPart.RecurrentIn)
        .Map("blk.{layer}.attn_qkv.weight", WeightPart.RecurrentQkv)
        .Map("blk.{layer}.attn_gate.weight", WeightPart.RecurrentGate)
        .Map("blk.{layer}.ssm_ba.weight", WeightPart.DeltaGates)
        .Map("blk.{layer}.ssm_conv1d.weight", WeightPart.Convolution)
        .Map("blk.{layer}.ssm_a", WeightPart.DeltaDecay)
        .Map("blk.{layer}.ssm_dt.bias", WeightPart.DeltaBias)
        .Map("blk.{layer}.ssm_norm.weight", WeightPart.DeltaNorm)
        .Map("blk.{layer}.ssm_out.weight", WeightPart.RecurrentOut);
}
