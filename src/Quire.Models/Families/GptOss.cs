using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>gpt-oss: every other layer has a sliding window, heads have sinks, everything has biases; experts are clamped SwiGLUs, in bf16 or MXFP4.</summary>
/// <remarks>transformers <c>modeling_gpt_oss.py</c>; checked by <c>golden/families/gpt_oss*</c>.</remarks>
public sealed class GptOss : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GptOssForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        int experts = config.Int("num_local_experts", 1), window = config.OptionalInt("sliding_window", 1) ?? 128;
        bool bias = config.OptionalBool("attention_bias") ?? true;
        return Llama.Describe(config, attention => attention with { HasSinks = true, QkvBias = bias, OutputBias = bias })
            .WithAttention((layer, attention) => IsSliding(config, layer) ? attention with { Window = window } : attention)
            .WithExperts(new MoeSpec
            {
                Experts = experts,
                IntermediateSize = config.Int("intermediate_size", 1),
                Router = new RouterRule(RouterScore.SoftmaxOfChosen, Experts.Chosen(config, config.Has("num_experts_per_tok") ? "num_experts_per_tok" : "experts_per_token", experts)),
                Activation = Activation.ClampedSwiglu,
                Limit = (float)(config.OptionalDouble("swiglu_limit") ?? 7),
                RouterBias = true,
                Bias = true,
                Storage = ExpertStorage.GptOss,
            });
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.self_attn.sinks", WeightPart.Sinks)
        .Map("model.layers.{layer}.mlp.router.weight", WeightPart.Router)
        .Map("model.layers.{layer}.mlp.router.bias", WeightPart.RouterBias)
        .Map("model.layers.{layer}.mlp.experts.gate_up_proj", WeightPart.ExpertUp)
        .Map("model.layers.{layer}.mlp.experts.gate_up_proj_bias", WeightPart.ExpertUpBias)
        .Map("model.layers.{layer}.mlp.experts.down_proj", WeightPart.ExpertDown)
        .Map("model.layers.{layer}.mlp.experts.down_proj_bias", WeightPart.ExpertDownBias);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufPostNorm();

    // Without layer types the even layers have the window.
    private static bool IsSliding(ModelConfig config, int layer) =>
        config.LayerTypes is { } types && layer < types.Count ? types[layer] == LayerKinds.Sliding : layer % 2 == 0;
}
