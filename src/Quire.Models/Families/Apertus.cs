using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Apertus: Llama with norms of heads, and a feed-forward of xIELU without a gate.</summary>
/// <remarks>transformers <c>modeling_apertus.py</c>; checked by <c>golden/families/apertus</c>.</remarks>
public sealed class Apertus : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["ApertusForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        if (config.OptionalString("hidden_act") is { } name && name != "xielu") throw config.Bad("hidden_act", $"is {name}; xielu is supported");
        if (config.OptionalBool("post_norm") == true) throw config.Bad("post_norm", "is true, which is not supported");
        NormSpec? headNorm = config.OptionalBool("qk_norm") == false ? null : Llama.Norm(config);
        ModelSpec spec = Llama.Describe(config, attention => attention with { QueryNorm = headNorm, KeyNorm = headNorm }, ClassDefaults.None with { Activation = Activation.Xielu })
            .WithLayers(layer => layer with { Mlp = layer.Mlp with { IsGated = false } });
        // GGUF files have the activation's numbers in their metadata.
        return config.OptionalObject("xielu") is not { } stated ? spec
            : spec with { Layers = [.. spec.Layers.Select((layer, i) => layer with { Mlp = layer.Mlp with { Xielu = Parameters(stated, i) } })] };
    }

    private static XieluParameters Parameters(ConfigObject stated, int layer)
    {
        return Xielu(Of("alpha_p"), Of("alpha_n"), Of("beta"), Of("eps"));

        float Of(string name) => stated.OptionalDoubles(name) is { } values && layer < values.Count ? (float)values[layer] : throw stated.Bad(name, $"has no number for layer {layer}");
    }

    /// <summary>The activation of stored numbers: alphas are stored before their softplus, the negative one on top of beta.</summary>
    internal static XieluParameters Xielu(float alphaPositive, float alphaNegative, float beta, float epsilon)
    {
        return new XieluParameters(Softplus(alphaPositive), beta + Softplus(alphaNegative), beta, epsilon);

        static float Softplus(float value) => (float)Math.Log(1 + Math.Exp(value));
    }

    public WeightMap Weights(ModelSpec spec) => new Qwen3().Weights(spec)
        .Map("model.layers.{layer}.attention_layernorm.weight", WeightPart.AttentionNorm)
        .Map("model.layers.{layer}.feedforward_layernorm.weight", WeightPart.MlpNorm)
        .Map("model.layers.{layer}.mlp.act_fn.alpha_p", WeightPart.XieluPositive)
        .Map("model.layers.{layer}.mlp.act_fn.alpha_n", WeightPart.XieluNegative)
        .Map("model.layers.{layer}.mlp.act_fn.beta", WeightPart.XieluBeta)
        .Map("model.layers.{layer}.mlp.act_fn.eps", WeightPart.XieluEpsilon);
}
