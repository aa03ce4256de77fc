using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>OPT: learned positions from row 2 on, ReLU; the 350M model has norms after the sums, none before the head, and narrower embeddings.</summary>
/// <remarks>transformers <c>modeling_opt.py</c>; checked by <c>golden/families/opt*</c>.</remarks>
public sealed class Opt : IModelFamily
{
    private const int FirstPosition = 2;

    public IReadOnlyList<string> Architectures => ["OPTForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        int hidden = config.Int("hidden_size", 1), heads = config.Int("num_attention_heads", 1), positions = config.Int("max_position_embeddings", 1);
        bool isFirst = config.OptionalBool("do_layer_norm_before") ?? true;
        int width = config.OptionalInt("word_embed_proj_dim", 1) ?? hidden;
        Gpt.Refuse(config, "enable_bias", false);
        Gpt.Refuse(config, "layer_norm_elementwise_affine", false);
        var norm = new NormSpec(1e-5f) { Kind = NormKind.Layer, HasBias = true };
        return Gpt.Spec(config, hidden, config.Int("num_hidden_layers", 1), heads, heads, config.Int("ffn_dim", 1),
            Gpt.ReadActivation(config, "activation_function", Activation.Relu), positions, norm, bias: true)
            .WithLayers(layer => layer with { NormsAfterSum = !isFirst }) with
        {
            Positions = new PositionSpec(positions, FirstPosition),
            FinalNorm = isFirst && config.OptionalBool("_remove_final_layer_norm") != true ? norm : null,
            EmbeddingSize = width == hidden ? 0 : width,
        };
    }

    public WeightMap Weights(ModelSpec spec) => new WeightMap()
        .Map("model.decoder.embed_tokens.weight", WeightPart.Embedding)
        .Map("model.decoder.embed_positions.weight", WeightPart.Positions)
        .Map("model.decoder.final_layer_norm.weight", WeightPart.FinalNorm)
        .Map("model.decoder.project_in.weight", WeightPart.ProjectIn)
        .Map("model.decoder.project_out.weight", WeightPart.ProjectOut)
        .Map("lm_head.weight", WeightPart.Head)
        .Map("model.decoder.layers.{layer}.self_attn_layer_norm.weight", WeightPart.AttentionNorm)
        .Map("model.decoder.layers.{layer}.self_attn.q_proj.weight", WeightPart.Query)
        .Map("model.decoder.layers.{layer}.self_attn.q_proj.bias", WeightPart.QueryBias)
        .Map("model.decoder.layers.{layer}.self_attn.k_proj.weight", WeightPart.Key)
        .Map("model.decoder.layers.{layer}.self_attn.k_proj.bias", WeightPart.KeyBias)
        .Map("model.decoder.layers.{layer}.self_attn.v_proj.weight", WeightPart.Value)
        .Map("model.decoder.layers.{layer}.self_attn.v_proj.bias", WeightPart.ValueBias)
        .Map("model.decoder.layers.{layer}.self_attn.out_proj.weight", WeightPart.Output)
        .Map("model.decoder.layers.{layer}.self_attn.out_proj.bias", WeightPart.OutputBias)
        .Map("model.decoder.layers.{layer}.final_layer_norm.weight", WeightPart.MlpNorm)
        .Map("model.decoder.layers.{layer}.fc1.weight", WeightPart.Up)
        .Map("model.decoder.layers.{layer}.fc1.bias", WeightPart.UpBias)
        .Map("model.decoder.layers.{layer}.fc2.weight", WeightPart.Down)
        .Map("model.decoder.layers.{layer}.fc2.bias", WeightPart.DownBias);
}
