using Quire.Formats;

namespace Quire.Models;

/// <summary>RoBERTa and XLM-RoBERTa: BERT with positions behind the padding id, and labels by way of a product of their own.</summary>
/// <remarks>transformers <c>modeling_roberta.py</c>; checked by <c>golden/families/roberta</c> and <c>xlm_roberta*</c>.</remarks>
public sealed class Roberta : IModelFamily
{
    private static readonly string[] ForClassification = ["RobertaForSequenceClassification", "XLMRobertaForSequenceClassification"];

    public IReadOnlyList<string> Architectures => ["RobertaModel", "XLMRobertaModel", .. ForClassification];

    public ModelSpec Describe(ModelConfig config) => Bert.Describe(config, (config.OptionalInt("pad_token_id", 0) ?? 1) + 1,
        config.Architectures.Any(ForClassification.Contains)
            ? Poolers.Classifier(config, Pooling.First, new PoolerDenseSpec(Bias: true, Activation: null), bias: true)
            : Poolers.Embedder(config, Pooling.First));

    public WeightMap Weights(ModelSpec spec) => Bert.Names("roberta.")
        .Map("classifier.dense.weight", WeightPart.PoolerDense)
        .Map("classifier.dense.bias", WeightPart.PoolerDenseBias)
        .Map("classifier.out_proj.weight", WeightPart.Labels)
        .Map("classifier.out_proj.bias", WeightPart.LabelBias);
}
