using Quire.Formats;

namespace Quire.Models;

/// <summary>Seed-OSS: Llama with biases on query, key and value.</summary>
/// <remarks>transformers <c>modeling_seed_oss.py</c>; checked by <c>golden/families/seed_oss</c>.</remarks>
public sealed class SeedOss : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["SeedOssForCausalLM"];

    public ModelSpec Describe(ModelConfig config) => Llama.Describe(config, attention => attention with
    {
        QkvBias = config.OptionalBool("attention_bias") ?? true,
        OutputBias = config.OptionalBool("attention_out_bias") ?? false,
    });

    public WeightMap Weights(ModelSpec spec) => Llama.Names();

    public WeightMap GgufWeights(ModelSpec spec) => WeightMap.GgufPostNorm();
}
