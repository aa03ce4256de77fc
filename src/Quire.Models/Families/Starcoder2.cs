using Quire.Formats;

namespace Quire.Models;

/// <summary>StarCoder2: layer norms, biases everywhere, a feed-forward without a gate, a sliding window; embedding and head are one matrix.</summary>
/// <remarks>transformers <c>modeling_starcoder2.py</c>; checked by <c>golden/families/starcoder2</c>.</remarks>
public sealed class Starcoder2 : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["Starcoder2ForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        bool bias = config.OptionalBool("use_bias") ?? true;
        int window = config.OptionalInt("sliding_window", 1) ?? 0;
        return Llama.Describe(config, attention => attention with { QkvBias = bias, OutputBias = bias, Window = window })
            .With(LayerNorms.Read(config, "norm_epsilon"))
            .WithoutGates(bias)
            with
        { TiedEmbedding = config.OptionalBool("tie_word_embeddings") ?? true };
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.mlp.c_fc.weight", WeightPart.Up)
        .Map("model.layers.{layer}.mlp.c_fc.bias", WeightPart.UpBias)
        .Map("model.layers.{layer}.mlp.c_proj.weight", WeightPart.Down)
        .Map("model.layers.{layer}.mlp.c_proj.bias", WeightPart.DownBias);
}
