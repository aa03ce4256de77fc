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

    [Fact]
    public void Adapters_of_the_largest_rank_are_reserved()
    {
        long budget = Gibibyte;
        MemoryPlan without = Decide(new QuireOptions { MaxSequences = 100000 }, budget), with = Decide(new QuireOptions { MaxSequences = 100000, EnableLora = true, MaxLoras = 3, MaxLoraRank = 8 }, budget);
        // The built-in model's own adapters say what one takes.
        using LoraCheckpoint pirate = LoraCheckpoint.Open(Path.Combine(GoldenFolder.Repository, "models", "demo", "pirate"));
        long elements = pirate.Modules.Values.Sum(module => (module.A?.Shape.Count ?? 0) + (module.B?.Shape.Count ?? 0)) / pirate.MaxRank * 8;
        Assert.Equal(3 * 2 * elements, with.AdapterBytes);
        Assert.Equal((without.Blocks * without.BlockBytes) - with.AdapterBytes, with.Blocks * with.BlockBytes, with.BlockBytes);
        Assert.Contains("adapters", with.Describe());
    }

    [Fact]
    public void States_of_recurrent_layers_take_at_most_half_of_the_budget_and_what_all_sequences_could_fill()
    {
        ModelConfig config = ModelConfig.Parse("config.json", """
            {"architectures":["Lfm2ForCausalLM"],"hidden_size":2048,"num_attention_heads":32,"num_key_value_heads":8,"num_hidden_layers":4,"vocab_size":1000,"max_position_embeddings":4096,
            "block_ff_dim":6144,"layer_types":["conv","conv","full_attention","conv"]}
            """u8.ToArray());
        ModelSpec model = ModelFamilies.Of(config).Describe(config);
        KvPlan kv = KvPlan.Of(model, DType.BF16);
        // Three states of two rows of 2048 floats; a block of one layer with 8 heads of 64: an interval's keys and values take no less.
        Assert.Equal((3 * 2 * 2048 * 4, 2 * 8 * 64 * 2 * 16), (kv.States!.SlotBytes, kv.BlockBytes));
        Assert.Equal(32, kv.States.Interval);

        MemoryPlan plan = Decide(new QuireOptions { MaxSequences = 4 }, 64 * Gibibyte);
        Assert.Equal((4 * 4096 / 32) + 8 + 1, plan.StateSlots);
        Assert.Equal(4096, plan.MaxModelLength);
        Assert.Contains("slots of 32 tokens", plan.Describe());
        plan = Decide(new QuireOptions { KvCacheBytes = 200 * kv.States.SlotBytes }, Gibibyte);
        Assert.Equal((100, 149 * 16), (plan.StateSlots, plan.MaxModelLength));
        Assert.Contains("states of recurrent layers", Assert.Throws<QuireException>(() => Decide(new QuireOptions { KvCacheBytes = 20 * kv.States.SlotBytes }, Gibibyte)).Message);

        MemoryPlan Decide(QuireOptions options, long memory) => MemoryPlan.Decide(model, kv, options, 2048, 4 << 20, 1 << 20, memory);
    }

    private static ModelSpec Describe()
    {
        ModelConfig config = ModelConfig.Read(Path.Combine(GoldenFolder.Repository, "models", "demo", "quire-demo", "config.json"));
        return ModelFamilies.Of(config).Describe(config);
    }
}
