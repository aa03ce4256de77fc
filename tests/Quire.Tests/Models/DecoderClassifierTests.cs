using System.Text;
using Quire.Formats;
using Quire.Models;

namespace Quire.Tests.Models;

/// <summary>Decoders under the name of a classifier, and the keys that make its head of the LM head.</summary>
public sealed class DecoderClassifierTests
{
    private const string Llama = """{"hidden_size":8,"num_attention_heads":2,"num_hidden_layers":1,"intermediate_size":8,"vocab_size":4,"id2label":{"0":"a","1":"b","2":"c"}}""";

    [Theory]
    [InlineData("LlamaForSequenceClassification")]
    [InlineData("Qwen2ForSequenceClassification")]
    [InlineData("Qwen3ForSequenceClassification")]
    [InlineData("GemmaForSequenceClassification")]
    public void A_decoder_is_a_classifier_by_its_name(string architecture)
    {
        PoolerSpec pooler = Pooler(architecture, "{}");
        Assert.Equal(["a", "b", "c"], pooler.Labels);
        Assert.Equal((Pooling.Last, LabelActivation.Softmax), (pooler.Pooling, pooler.Activation));
        Assert.Null(pooler.Tokens);
        Assert.True(pooler.SeparatesPair);
    }

    [Theory]
    [InlineData("""{"classifier_from_token": ["no", "yes"], "method": "from_2_way_softmax"}""", true, 1)]
    [InlineData("""{"classifier_from_token": ["no", "yes"], "is_original_qwen3_reranker": true}""", true, 1)]
    [InlineData("""{"classifier_from_token": ["Yes"], "method": "no_post_processing"}""", false, 1)]
    [InlineData("""{"classifier_from_token": ["x", "y"], "method": "no_post_processing"}""", false, 2)]
    [InlineData("""{"classifier_from_token": ["x", "y", "z"], "method": "no_post_processing"}""", false, 3)]
    public void Tokens_make_labels(string overrides, bool isDifference, int labels)
    {
        PoolerSpec pooler = Pooler("Qwen3ForSequenceClassification", overrides);
        Assert.Equal((isDifference, labels), (pooler.Tokens!.IsDifference, pooler.Tokens.Labels));
        // Names of the checkpoint's labels stand for as many.
        Assert.Equal(labels == 3 ? ["a", "b", "c"] : Enumerable.Range(0, labels).Select(i => $"LABEL_{i}"), pooler.Labels);
        Assert.Equal(labels == 1 ? LabelActivation.Sigmoid : LabelActivation.Softmax, pooler.Activation);
        Assert.False(pooler.SeparatesPair);
    }

    [Theory]
    [InlineData("use_sep_token")]
    [InlineData("use_pad_token")]
    public void A_configuration_says_whether_pairs_are_separated(string key) =>
        Assert.True(Pooler("Qwen3ForSequenceClassification", $$"""{"classifier_from_token": ["Yes"], "method": "no_post_processing", "{{key}}": true}""").SeparatesPair);

    [Theory]
    [InlineData("""{"is_original_qwen3_reranker": true}""", "classifier_from_token is missing; is_original_qwen3_reranker needs it")]
    [InlineData("""{"method": "no_post_processing"}""", "classifier_from_token is missing; method no_post_processing needs it")]
    [InlineData("""{"classifier_from_token": ["no", "yes"]}""", "method is missing; with classifier_from_token it is from_2_way_softmax")]
    [InlineData("""{"classifier_from_token": ["no", "yes"], "method": "softmax"}""", "method is softmax; from_2_way_softmax and no_post_processing are known")]
    [InlineData("""{"classifier_from_token": ["yes"], "method": "from_2_way_softmax"}""", "classifier_from_token has 1 tokens; from_2_way_softmax takes two")]
    [InlineData("""{"classifier_from_token": [], "method": "no_post_processing"}""", "classifier_from_token has no tokens")]
    [InlineData("""{"classifier_from_token": "yes", "method": "no_post_processing"}""", "classifier_from_token is \"yes\"; a list of strings was expected")]
    [InlineData("""{"classifier_from_token": ["no", "yes"], "is_original_qwen3_reranker": true, "method": "no_post_processing"}""", "method is no_post_processing; is_original_qwen3_reranker is from_2_way_softmax")]
    public void Keys_that_contradict_each_other_are_refused(string overrides, string expected) =>
        Assert.Contains("config.json with --hf-overrides: " + expected, Assert.Throws<QuireException>(() => Pooler("Qwen3ForSequenceClassification", overrides)).Message, StringComparison.Ordinal);

    [Fact]
    public void Labels_are_counted_before_they_are_named() =>
        Assert.Contains("num_labels is 2000000000; a classifier has at most 65536 labels",
            Assert.Throws<QuireException>(() => Pooler("LlamaForSequenceClassification", """{"id2label": null, "num_labels": 2000000000}""")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_classifier_of_no_known_decoder_is_refused() =>
        Assert.Contains("OtherForSequenceClassification is not supported", Assert.Throws<QuireException>(() => Pooler("OtherForSequenceClassification", "{}")).Message, StringComparison.Ordinal);

    private static PoolerSpec Pooler(string architecture, string overrides)
    {
        string json = Llama.Insert(1, $"\"architectures\":[\"{architecture}\"],");
        ModelConfig config = ModelConfig.Parse("config.json", Encoding.UTF8.GetBytes(json), ConfigOverrides.Parse(overrides));
        return ModelFamilies.Of(config).Describe(config).Pooler!;
    }
}
