using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>What families with experts have in common.</summary>
internal static class Experts
{
    /// <summary>The spec with experts in the layers that <paramref name="isSparse"/> names.</summary>
    /// <param name="sharedSize">Of the feed-forward that all tokens share; 0 for none.</param>
    public static ModelSpec WithExperts(this ModelSpec spec, MoeSpec experts, Func<int, bool>? isSparse = null, int sharedSize = 0) => spec with
    {
        Layers = [.. spec.Layers.Select((layer, i) => isSparse is null || isSparse(i) ? layer with { Moe = experts with { Activation = Kind(experts, layer) }, Mlp = layer.Mlp with { IntermediateSize = sharedSize } } : layer)],
    };

    /// <summary>Names of experts and router under <c>mlp</c>, as most families have them.</summary>
    public static WeightMap MapExperts(this WeightMap names, string shared = "shared_experts") => names
        .Map("model.layers.{layer}.mlp.gate.weight", WeightPart.Router)
        .Map("model.layers.{layer}.mlp.experts.{expert}.gate_proj.weight", WeightPart.ExpertGate)
        .Map("model.layers.{layer}.mlp.experts.{expert}.up_proj.weight", WeightPart.ExpertUp)
        .Map("model.layers.{layer}.mlp.experts.{expert}.down_proj.weight", WeightPart.ExpertDown)
        .Map($"model.layers.{{layer}}.mlp.{shared}.gate_proj.weight", WeightPart.SharedGate)
        .Map($"model.layers.{{layer}}.mlp.{shared}.up_proj.weight", WeightPart.SharedUp)
        .Map($"model.layers.{{layer}}.mlp.{shared}.down_proj.weight", WeightPart.SharedDown);

    /// <summary>Mixtral's names.</summary>
    public static WeightMap MapSparseBlock(this WeightMap names) => names
        .Map("model.layers.{layer}.block_sparse_moe.gate.weight", WeightPart.Router)
        .Map("model.layers.{layer}.block_sparse_moe.experts.{expert}.w1.weight", WeightPart.ExpertGate)
        .Map("model.layers.{layer}.block_sparse_moe.experts.{expert}.w3.weight", WeightPart.ExpertUp)
        .Map("model.layers.{layer}.block_sparse_moe.experts.{expert}.w2.weight", WeightPart.ExpertDown);

    /// <summary>Number of experts of a token, not more than there are.</summary>
    public static int Chosen(ModelConfig config, string key, int experts)
    {
        int chosen = config.Int(key, 1);
        return chosen <= experts ? chosen : throw config.Bad(key, $"is {chosen}; there are {experts} experts");
    }

    // A family that has an activation of its own says so; the others' experts have their layers'.
    private static Activation Kind(MoeSpec experts, LayerSpec layer) => experts.Activation == Activation.Silu ? layer.Mlp.Activation : experts.Activation;
}
