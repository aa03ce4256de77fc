using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Mixtral: Mistral with experts in every layer.</summary>
/// <remarks>transformers <c>modeling_mixtral.py</c>; checked by <c>golden/families/mixtral</c>.</remarks>
public sealed class Mixtral : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["MixtralForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        int experts = config.OptionalInt("num_local_experts", 1) ?? config.OptionalInt("num_experts", 1) ?? 8;
        return Llama.Describe(config, attention => attention with { Window = config.OptionalInt("sliding_window", 1) ?? 0 }).WithExperts(new MoeSpec
        {
            Experts = experts,
            IntermediateSize = config.Int("intermediate_size", 1),
            Router = new RouterRule(RouterScore.Softmax, Experts.Chosen(config, "num_experts_per_tok", experts), Normalise: true),
        });
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names().MapSparseBlock();
}
