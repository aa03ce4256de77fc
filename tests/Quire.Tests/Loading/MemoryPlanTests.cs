using Quire.Formats;
using Quire.Golden;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Tests.Loading;

public sealed class MemoryPlanTests
{
    private const long Gibibyte = 1L << 30;

    private static readonly ModelSpec Model = Describe();

    private static MemoryPlan Decide(QuireOptions options, long memory) => MemoryPlan.Decide(Model, KvPlan.Of(Model, DType.BF16), options, 2048, 4 << 20, 1 << 20, memory);

    [Fact]
    public void Takes_no_more_blocks_than_all_sequences_could_fill()
    {
        MemoryPlan plan = Decide(new QuireOptions { MaxSequences = 4 }, 64 * Gibibyte);
        Assert.Equal((4 * Model.MaxPositions / 16) + 1, plan.Blocks);
        Assert.Equal((Model.MaxPositions, 4.0), (plan.MaxModelLength, plan.Concurrency));
    }

    [Fact]
    public void Takes_what_the_budget_leaves_and_shortens_the_context_to_what_fits()
    {
        MemoryPlan plan = Decide(new QuireOptions { KvCacheBytes = 20 * KvPlan.Of(Model, DType.BF16).BlockBytes }, Gibibyte);
        Assert.Equal((20, 19 * 16), (plan.Blocks, plan.MaxModelLength));
        Assert.Contains($"the model could do {Model.MaxPositions}", plan.Describe());
    }

    [Fact]
    public void Says_what_would_fit_when_the_asked_length_does_not()
    {
        QuireException refused = Assert.Throws<QuireException>(() => Decide(new QuireOptions { KvCacheBytes = 20 * KvPlan.Of(Model, DType.BF16).BlockBytes, MaxModelLength = 1000 }, Gibibyte));
        Assert.Contains("--max-model-len 304 fits", refused.Message);
        Assert.Contains("no KV block", Assert.Throws<QuireException>(() => Decide(new QuireOptions(), 8 << 20)).Message);
    }

    private static ModelSpec Describe()
    {
        ModelConfig config = ModelConfig.Read(Path.Combine(GoldenFolder.Repository, "models", "demo", "quire-demo", "config.json"));
        return ModelFamilies.Of(config).Describe(config);
    }
}
