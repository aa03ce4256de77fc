namespace Quire.Tensors;

/// <summary>The largest steps that a model is run with, and the weights that they multiply: what a device's own memory follows from.</summary>
/// <param name="Tokens">Rows of a step at most.</param>
/// <param name="Sequences">Of a step at most.</param>
/// <param name="Positions">Of the longest sequence.</param>
/// <param name="Weights">Of products of all rows; experts' weights are not among them.</param>
/// <param name="Mixtures">By layer that has experts, with the number of a token's experts.</param>
/// <param name="Attention">By layer that has attention: its query heads and what it keeps.</param>
public sealed record StepDemand(
    int Tokens, int Sequences, int Positions, IReadOnlyList<PreparedLinear> Weights, IReadOnlyList<(ExpertWeights Experts, int Chosen)> Mixtures, IReadOnlyList<(int Heads, KvLayout Layout)> Attention);
