using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>GPT-NeoX and Pythia: branches, mostly parallel, each behind its own layer norm, partial rotation, query, key and value stored head by head.</summary>
/// <remarks>transformers <c>modeling_gpt_neox.py</c>; checked by <c>golden/families/gpt_neox*</c>.</remarks>
public sealed class GptNeoX : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GPTNeoXForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        bool bias = config.OptionalBool("attention_bias") ?? true, isParallel = config.OptionalBool("use_parallel_residual") ?? true;
        return Llama.Describe(
            config,
            attention => attention with { QkvBias = bias, OutputBias = bias, QkvByHead = true, Rope = LayerNorms.PartialRope(config, attention.HeadSize, 0.25) },
            config.OptionalString("hidden_act") is null ? ClassDefaults.None with { Activation = Activation.Gelu } : null)
            .With(LayerNorms.Read(config, "layer_norm_eps"))
            .WithoutGates(bias: true)
            .WithLayers(layer => layer with { IsParallel = isParallel });
    }

    public WeightMap Weights(ModelSpec spec) => new WeightMap()
        .Map("gpt_neox.embed_in.weight", WeightPart.Embedding)
        .Map("gpt_neox.final_layer_norm.weight", WeightPart.FinalNorm)
        .Map("embed_out.weight", WeightPart.Head)
        .Map("gpt_neox.layers.{layer}.input_layernorm.weight", WeightPart.AttentionNorm)
        .Map("gpt_neox.layers.{layer}.attention.query_key_value.weight", WeightPart.Query, WeightPart.Key, WeightPart.Value)
        .Map("gpt_neox.layers.{layer}.attention.query_key_value.bias", WeightPart.QueryBias, WeightPart.KeyBias, WeightPart.ValueBias)
        .Map("gpt_neox.layers.{layer}.attention.dense.weight", WeightPart.Output)
        .Map("gpt_neox.layers.{layer}.attention.dense.bias", WeightPart.OutputBias)
        .Map("gpt_neox.layers.{layer}.post_attention_layernorm.weight", WeightPart.MlpNorm)
        .Map("gpt_neox.layers.{layer}.mlp.dense_h_to_4h.weight", WeightPart.Up)
        .Map("gpt_neox.layers.{layer}.mlp.dense_h_to_4h.bias", WeightPart.UpBias)
        .Map("gpt_neox.layers.{layer}.mlp.dense_4h_to_h.weight", WeightPart.Down)
        .Map("gpt_neox.layers.{layer}.mlp.dense_4h_to_h.bias", WeightPart.DownBias);

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufFused();
}
