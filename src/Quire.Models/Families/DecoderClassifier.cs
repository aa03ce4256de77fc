using Quire.Formats;

namespace Quire.Models;

/// <summary>Any decoder as a classifier of texts: <c>XForSequenceClassification</c> for <c>XForCausalLM</c>. The last token's row gives a number for each label,
/// by a head of the checkpoint's own, or by rows of its LM head.</summary>
/// <remarks>transformers <c>GenericForSequenceClassification</c>, vLLM <c>adapters.py</c>; checked by <c>golden/families/qwen3_seqcls</c>, and of LM heads by all decoders there.</remarks>
internal sealed class DecoderClassifier(IModelFamily decoder) : IModelFamily
{
    /// <summary>How such architectures end.</summary>
    public const string Suffix = "ForSequenceClassification";

    public IReadOnlyList<string> Architectures => [];

    public ModelSpec Describe(ModelConfig config) =>
        decoder.Describe(config) with { Pooler = Poolers.Classifier(config, Pooling.Last, dense: null, bias: false, LabelTokensReader.Read(config)) };

    public WeightMap Weights(ModelSpec spec) => decoder.Weights(spec).Map("score.weight", WeightPart.Labels);

    public WeightMap GgufWeights(ModelSpec spec) => decoder.GgufWeights(spec);
}
