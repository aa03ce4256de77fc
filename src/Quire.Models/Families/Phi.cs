using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Phi 1, 1.5 and 2: parallel branches behind one layer norm, partial rotation, biases everywhere, the head included.</summary>
/// <remarks>transformers <c>modeling_phi.py</c>; checked by <c>golden/families/phi</c>.</remarks>
public sealed class Phi : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["PhiForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        if (config.OptionalBool("qk_layernorm") == true) throw config.Bad("qk_layernorm", "is true; norms of heads are not supported here");
        return Llama.Describe(
            config,
            attention => attention with { QkvBias = true, OutputBias = true, Rope = LayerNorms.PartialRope(config, attention.HeadSize, 0.5) },
            config.OptionalString("hidden_act") is null ? ClassDefaults.None with { Activation = Activation.GeluTanh } : null)
            .With(LayerNorms.Read(config, "layer_norm_eps"), isParallel: true)
            .WithoutGates(bias: true)
            with
        { HeadBias = true };
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.final_layernorm.weight", WeightPart.FinalNorm)
        .Map("lm_head.bias", WeightPart.HeadBias)
        .Map("model.layers.{layer}.self_attn.dense.weight", WeightPart.Output)
        .Map("model.layers.{layer}.self_attn.dense.bias", WeightPart.OutputBias)
        .Map("model.layers.{layer}.mlp.fc1.weight", WeightPart.Up)
        .Map("model.layers.{layer}.mlp.fc1.bias", WeightPart.UpBias)
        .Map("model.layers.{layer}.mlp.fc2.weight", WeightPart.Down)
        .Map("model.layers.{layer}.mlp.fc2.bias", WeightPart.DownBias);
}
