using Quire.Kernels.Cpu.Experts;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Choices of experts by hand: which, in which order, and with which weights.</summary>
public sealed class RouterTests
{
    private static readonly float[] Logits = [0.5f, 2, -1, 2.5f, 0, 1];

    [Fact]
    public void A_softmax_weighs_against_all_experts_unless_it_is_normalised()
    {
        (int[] experts, float[] weights) = Choose(new RouterRule(RouterScore.Softmax, 2));
        Assert.Equal([3, 1], experts);
        double all = Logits.Sum(x => Math.Exp(x));
        Assert.Equal(Math.Exp(2.5) / all, weights[0], 1e-6);
        Assert.Equal(Math.Exp(2) / all, weights[1], 1e-6);
        (_, weights) = Choose(new RouterRule(RouterScore.Softmax, 2, Normalise: true, Scale: 3));
        Assert.Equal(3, weights.Sum(), 1e-5);
        Assert.Equal(3 / (1 + Math.Exp(-0.5)), weights[0], 1e-5);
        (_, float[] chosen) = Choose(new RouterRule(RouterScore.SoftmaxOfChosen, 2));
        Assert.Equal(1 / (1 + Math.Exp(-0.5)), chosen[0], 1e-6);
    }

    [Fact]
    public void A_correction_chooses_and_does_not_weigh()
    {
        (int[] experts, float[] weights) = Choose(new RouterRule(RouterScore.Sigmoid, 2), correction: [0, 0, 5, 0, 0, 0]);
        Assert.Equal([2, 3], experts);
        Assert.Equal(1 / (1 + Math.Exp(1)), weights[0], 1e-6);
    }

    [Fact]
    public void Groups_are_chosen_by_their_best_or_by_the_sum_of_their_two_best()
    {
        // Groups of two: (0.5, 2), (-1, 2.5), (0, 1). By the best the second wins, by the sum the first.
        Assert.Equal([3, 2], Choose(new RouterRule(RouterScore.SoftmaxOfChosen, 2, Groups: 3)).Experts);
        Assert.Equal([1, 0], Choose(new RouterRule(RouterScore.SoftmaxOfChosen, 2, Groups: 3, GroupsBySum: true)).Experts);
    }

    [Fact]
    public void Several_groups_are_chosen_the_first_among_them_too()
    {
        // By the best: the second group, then the first; the third's 1 is better than what they have left.
        Assert.Equal([3, 1, 0], Choose(new RouterRule(RouterScore.SoftmaxOfChosen, 3, Groups: 3, ChosenGroups: 2)).Experts);
        // By the sum 2.5, 1.5 and 1: the first, then the second.
        Assert.Equal([3, 1, 0], Choose(new RouterRule(RouterScore.SoftmaxOfChosen, 3, Groups: 3, ChosenGroups: 2, GroupsBySum: true)).Experts);
    }

    [Fact]
    public void Of_equal_experts_the_first_is_chosen() => Assert.Equal([0, 1, 2], Choose(new RouterRule(RouterScore.Softmax, 3), [1, 1, 1, 1]).Experts);

    private static (int[] Experts, float[] Weights) Choose(RouterRule rule, float[]? logits = null, float[]? correction = null)
    {
        float[] scores = [.. logits ?? Logits];
        var experts = new int[rule.Chosen];
        var weights = new float[rule.Chosen];
        Router.Choose(rule, scores, correction ?? [], new float[scores.Length], experts, weights);
        return (experts, weights);
    }
}
