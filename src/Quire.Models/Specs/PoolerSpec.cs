using Quire.Tensors;

namespace Quire.Models;

/// <summary>How a sequence's rows become one: an embedding, or a number for each label.</summary>
/// <param name="Pooling">Which rows; others than the last ask for an encoder.</param>
public sealed record PoolerSpec(Pooling Pooling)
{
    /// <summary>What the chosen row goes through next; null for nothing.</summary>
    public PoolerDenseSpec? Dense { get; init; }

    /// <summary>Names of what a product with the row gives numbers for; none where the row is an embedding.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>That product's matrix is made of the LM head; null where the checkpoint has one of its own.</summary>
    public LabelTokens? Tokens { get; init; }

    /// <summary>Two texts to compare become one input with the special tokens that the tokenizer puts between texts, else as one text without a seam.</summary>
    public bool SeparatesPair { get; init; } = true;

    /// <summary>That product has a bias.</summary>
    public bool LabelBias { get; init; }

    /// <summary>What makes probabilities of the labels' numbers.</summary>
    public LabelActivation Activation { get; init; }

    /// <summary>The same where the one label says how well two texts fit together.</summary>
    public LabelActivation ScoreActivation { get; init; }

    /// <summary>Leading elements of an embedding that are one too (Matryoshka): any number of them.</summary>
    public bool IsMatryoshka { get; init; }

    /// <summary>The lengths that are, where the model says so.</summary>
    public IReadOnlyList<int>? MatryoshkaSizes { get; init; }
}

/// <summary>Tokens whose rows of the LM head make a classifier's head. What a model does to logits (factors, caps, biases) is not done to the labels' numbers.</summary>
/// <param name="Names">As the vocabulary spells them.</param>
/// <param name="IsDifference">Of two tokens the second's row less the first's is the one label's, so that its sigmoid is the softmax of both; else each has a label.</param>
public sealed record LabelTokens(IReadOnlyList<string> Names, bool IsDifference)
{
    /// <summary>Ids of <see cref="Names"/>; empty until a tokenizer has found them.</summary>
    public IReadOnlyList<int> Ids { get; init; } = [];

    /// <summary>How many labels these are.</summary>
    public int Labels => IsDifference ? 1 : Names.Count;
}

/// <summary>Which row of a sequence is taken, or what is made of all, after the final norm.</summary>
public enum Pooling
{
    /// <summary>The last token's.</summary>
    Last,

    /// <summary>The first token's.</summary>
    First,

    /// <summary>The mean of all.</summary>
    Mean,

    /// <summary>The sum of all over the square root of their number.</summary>
    SumByRootLength,

    /// <summary>The mean of all with weights 1, 2, 3, ... in the order of tokens.</summary>
    WeightedMean,

    /// <summary>The largest of each element.</summary>
    Max,
}

/// <summary>A product [hidden, hidden], its activation, and a norm.</summary>
/// <param name="Activation">Null is tanh.</param>
public sealed record PoolerDenseSpec(bool Bias, Activation? Activation, NormSpec? Norm = null);

/// <summary>What makes probabilities of numbers.</summary>
public enum LabelActivation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Of each alone.</summary>
    Sigmoid,

    /// <summary>Over all of them.</summary>
    Softmax,
}
