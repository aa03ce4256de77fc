using Quire.Golden;

namespace Quire.Conformance.Models;

/// <summary>Commands that need text say what other models are for, before they read weights.</summary>
[Trait("golden", "families")]
public sealed class TextRunnerTests
{
    public static IEnumerable<TheoryDataRow<string>> Poolers => FamilyFolders.Of(kind => kind != "causal");

    [Theory, MemberData(nameof(Poolers))]
    public void An_embedder_or_classifier_is_refused_with_what_answers_for_it(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no embedders or classifiers in golden/families here");
        string path = FamilyFolders.Path(name);
        using var golden = new PoolingGolden(name);
        QuireException refused = Assert.Throws<QuireException>(() => RunnerChoice.NeedText(path, new QuireOptions(), "quire chat"));
        Assert.Contains($"quire chat needs a model that gives text; {path} gives {(golden.IsClassifier ? "labels" : "embeddings")}", refused.Message, StringComparison.Ordinal);
        Assert.Contains(golden.IsClassifier ? "/classify" : "/v1/embeddings", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_decoder_run_as_an_embedder_is_told_what_to_leave_out()
    {
        QuireException refused = Assert.Throws<QuireException>(() => RunnerChoice.NeedText(ModelLocation.BuiltIn, new QuireOptions { Runner = "pooling" }, "quire bench model"));
        Assert.EndsWith("Without --runner pooling it gives text.", refused.Message, StringComparison.Ordinal);
    }
}
