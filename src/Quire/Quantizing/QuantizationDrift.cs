namespace Quire;

/// <summary>What rounding a checkpoint's weights changed, measured on a text.</summary>
public abstract record QuantizationDrift;

/// <summary>Of a model that gives text.</summary>
/// <param name="Tokens">Tokens of the text that were predicted.</param>
/// <param name="Source">exp of the mean negative log probability of those tokens under the checkpoint.</param>
/// <param name="Written">The same under the written one, as it is served.</param>
public sealed record PerplexityDrift(int Tokens, double Source, double Written) : QuantizationDrift;

/// <summary>Of a model that gives embeddings.</summary>
/// <param name="Texts">Sentences of the text.</param>
/// <param name="MeanCosine">Of the cosines between a sentence's two embeddings.</param>
/// <param name="WorstCosine">The smallest of them.</param>
public sealed record EmbeddingDrift(int Texts, double MeanCosine, double WorstCosine) : QuantizationDrift;

/// <summary>Of a classifier.</summary>
/// <param name="Texts">Sentences of the text.</param>
/// <param name="MeanChange">Of the changes of labels' probabilities.</param>
/// <param name="WorstChange">The largest of them.</param>
public sealed record LabelDrift(int Texts, double MeanChange, double WorstChange) : QuantizationDrift;
