namespace Quire.Tensors;

/// <summary>How a router's logits become the scores that experts are chosen by.</summary>
public enum RouterScore
{
    /// <summary>Softmax over all experts.</summary>
    Softmax,

    /// <summary>The sigmoid of each.</summary>
    Sigmoid,

    /// <summary>The logits choose; a softmax over the chosen alone weighs.</summary>
    SoftmaxOfChosen,
}

/// <summary>How experts are chosen and weighed.</summary>
/// <param name="Chosen">Experts of a token.</param>
/// <param name="Normalise">Weights of the chosen are divided by their sum.</param>
/// <param name="Scale">Multiplies all weights.</param>
/// <param name="Groups">Experts are in this many groups of neighbours, of which <paramref name="ChosenGroups"/> may be chosen from; 1 for no groups.</param>
/// <param name="GroupsBySum">A group's score is the sum of its two best experts'; else its best one's.</param>
/// <param name="ScalesInput">An expert's input is multiplied by its weight, not its output.</param>
public readonly record struct RouterRule(
    RouterScore Score, int Chosen, bool Normalise = false, float Scale = 1, int Groups = 1, int ChosenGroups = 1, bool GroupsBySum = false, bool ScalesInput = false);

/// <summary>The experts of one layer: each a gated feed-forward.</summary>
/// <param name="Up">By expert: [2 * intermediate, hidden], gate before up.</param>
/// <param name="Down">By expert: [hidden, intermediate].</param>
/// <param name="UpBias">f32 [experts, 2 * intermediate]; empty for none.</param>
/// <param name="DownBias">f32 [experts, hidden]; empty for none.</param>
/// <param name="Correction">f32 [experts], added to scores when experts are chosen and not when they are weighed; empty for none.</param>
public sealed record ExpertWeights(IReadOnlyList<PreparedLinear> Up, IReadOnlyList<PreparedLinear> Down, Tensor UpBias, Tensor DownBias, Tensor Correction);
