using Quire.Engine;
using Quire.Golden;

namespace Quire.Tests.Engine;

/// <summary>A request's tokens and log probabilities have the same bits whatever happens around it.</summary>
public sealed class DeterminismTests : IAsyncLifetime
{
    private static readonly string Model = Path.Combine(GoldenFolder.Repository, "models", "demo", "quire-demo");

    private readonly int[] prompt = Prompt(1, 70);
    private string expected = "";

    public async ValueTask InitializeAsync()
    {
        using var engine = new EngineRunner(Model, Options);
        expected = await Answer(engine, prompt);
    }

    private static QuireOptions Options => new() { DType = "bfloat16", MaxModelLength = 512, Threads = 2 };

    [Fact]
    public async Task Alone_again()
    {
        using var engine = new EngineRunner(Model, Options);
        Assert.Equal(expected, await Answer(engine, prompt));
    }

    [Fact]
    public async Task In_a_batch_of_64()
    {
        using var engine = new EngineRunner(Model, Options);
        Task<string>[] others = [.. Enumerable.Range(2, 63).Select(i => Answer(engine, Prompt(i, 3 + (i % 90))))];
        Assert.Equal(expected, await Answer(engine, prompt));
        await Task.WhenAll(others);
    }

    [Fact]
    public async Task With_its_prompt_in_pieces()
    {
        using var engine = new EngineRunner(Model, Options with { MaxBatchedTokens = 7, MaxSequences = 4 });
        Assert.Equal(expected, await Answer(engine, prompt));
    }

    [Fact]
    public async Task Preempted_and_resumed()
    {
        // Blocks for little more than one sequence: those that run together push each other out.
        using var engine = new EngineRunner(Model, Options with { Blocks = 18, MaxModelLength = 200, ReserveFullPrompt = false });
        Task<string>[] all = [.. Enumerable.Range(2, 6).Select(i => Answer(engine, Prompt(i, 60))), Answer(engine, prompt), .. Enumerable.Range(9, 6).Select(i => Answer(engine, Prompt(i, 60)))];
        Assert.Equal(expected, (await Task.WhenAll(all))[6]);
        Assert.NotEqual(0, engine.Engine.Statistics.Preemptions);
    }

    [Fact]
    public async Task After_a_prefix_hit()
    {
        using var engine = new EngineRunner(Model, Options);
        await Answer(engine, prompt);
        List<EngineOutput> outputs = await engine.Run(prompt, Sampling);
        Assert.Equal(64, outputs[^1].CachedTokens);
        Assert.Equal(expected, Describe(outputs));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task With_any_number_of_threads(int threads)
    {
        using var engine = new EngineRunner(Model, Options with { Threads = threads });
        Assert.Equal(expected, await Answer(engine, prompt));
    }

    [Fact]
    public async Task Other_seeds_and_choices_give_other_tokens()
    {
        using var engine = new EngineRunner(Model, Options);
        using GenerationStream second = engine.Submit(prompt, Sampling, choice: 1);
        Assert.NotEqual(expected, Describe(await EngineRunner.Collect(second)));
        Assert.NotEqual(expected, Describe(await engine.Run(prompt, Sampling with { Seed = 43 })));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static SamplingParameters Sampling => new() { Temperature = 1.5f, TopP = 0.98f, Seed = 42, MaxTokens = 60, IgnoreEos = true, Logprobs = 2, FrequencyPenalty = 0.2f };

    private static int[] Prompt(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(5, 2000))];
    }

    private static async Task<string> Answer(EngineRunner engine, int[] prompt) => Describe(await engine.Run(prompt, Sampling));

    private static string Describe(List<EngineOutput> outputs) =>
        string.Join(' ', outputs.Where(o => o.Token >= 0).Select(o => $"{o.Token}:{BitConverter.SingleToUInt32Bits(o.Logprobs!.Logprob):x8}:{BitConverter.SingleToUInt32Bits(o.Logprobs.Top[1].Value):x8}"));
}
