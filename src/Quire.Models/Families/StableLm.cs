using Quire.Formats;

namespace Quire.Models;

/// <summary>StableLM 2 and 3B: Llama with layer norms and partial rotation; some have parallel branches and a layer norm of its own for each head.</summary>
/// <remarks>transformers <c>modeling_stablelm.py</c>; checked by <c>golden/families/stablelm*</c>.</remarks>
public sealed class StableLm : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["StableLmForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        NormSpec norm = LayerNorms.Read(config, "layer_norm_eps");
        NormSpec? headNorm = config.OptionalBool("qk_layernorm") == true ? norm with { HasBias = false } : null;
        return Llama.Describe(config, attention => attention with
        {
            QkvBias = config.OptionalBool("use_qkv_bias") ?? false,
            OutputBias = false,
            Rope = LayerNorms.PartialRope(config, attention.HeadSize, 0.25),
            QueryNorm = headNorm,
            KeyNorm = headNorm,
            NormEachHead = true,
        }).With(norm, config.OptionalBool("use_parallel_residual") ?? false);
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.self_attn.q_layernorm.norms.{head}.weight", WeightPart.QueryNorm)
        .Map("model.layers.{layer}.self_attn.k_layernorm.norms.{head}.weight", WeightPart.KeyNorm);
}
