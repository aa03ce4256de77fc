using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>Granite 3 MoE: Granite with experts, all of them in one tensor for each product, weighed among the chosen.</summary>
/// <remarks>transformers <c>modeling_granitemoe.py</c>; checked by <c>golden/families/granitemoe</c>.</remarks>
public sealed class GraniteMoe : IModelFamily
{
    public IReadOnlyList<string> Architectures => ["GraniteMoeForCausalLM"];

    public ModelSpec Describe(ModelConfig config)
    {
        int experts = config.OptionalInt("num_local_experts", 1) ?? 8;
        return new Granite().Describe(config).WithExperts(new MoeSpec
        {
            Experts = experts,
            IntermediateSize = config.Int("intermediate_size", 1),
            Router = new RouterRule(RouterScore.SoftmaxOfChosen, Experts.Chosen(config, "num_experts_per_tok", experts)),
            Storage = ExpertStorage.Stacked,
        });
    }

    public WeightMap Weights(ModelSpec spec) => Llama.Names()
        .Map("model.layers.{layer}.block_sparse_moe.router.layer.weight", WeightPart.Router)
        .Map("model.layers.{layer}.block_sparse_moe.input_linear.weight", WeightPart.ExpertUp)
        .Map("model.layers.{layer}.block_sparse_moe.output_linear.weight", WeightPart.ExpertDown);
}
