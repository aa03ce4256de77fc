using Quire.Engine;
using Quire.Golden;

namespace Quire.Tests.Engine;

public sealed class InferenceEngineTests
{
    private static readonly string Model = Path.Combine(GoldenFolder.Repository, "models", "demo", "quire-demo");

    private static readonly int[] Prompt = [1, 276, 203, 718, 5];

    private static SamplingParameters Endless => SamplingParameters.Greedy with { MaxTokens = 400, IgnoreEos = true };

    [Fact]
    public async Task A_steady_decode_step_allocates_nothing()
    {
        var recorder = new AllocationRecorder();
        using var engine = new EngineRunner(Model, new QuireOptions { MaxModelLength = 512 }, recorder.Wrap);
        GenerationStream[] streams = [.. Enumerable.Range(0, 8).Select(i => engine.Submit([.. Prompt, 100 + i], Endless with { Temperature = i % 2, TopP = 0.9f, TopK = i, FrequencyPenalty = 0 }))];
        await Task.WhenAll(streams.Select(EngineRunner.Collect));
        // Compilation, pools and the streams' queues settle first; then many block borders are crossed.
        long[] steady = [.. recorder.PerStep.Skip(250).Take(140)];
        Assert.Equal(140, steady.Length);
        Assert.True(steady.Count(bytes => bytes == 0) >= 138 && steady.Sum() < 4096, $"bytes by step: {string.Join(' ', steady)}");
    }

    [Fact]
    public async Task An_abort_ends_a_request_within_a_step_and_frees_its_blocks()
    {
        var recorder = new StepCounter();
        using var engine = new EngineRunner(Model, new QuireOptions { MaxModelLength = 512 }, recorder.Wrap);
        using GenerationStream kept = engine.Submit(Prompt, Endless with { MaxTokens = 300 });
        using GenerationStream dropped = engine.Submit(Prompt, Endless);
        await dropped.Outputs.ReadAsync(TestContext.Current.CancellationToken);
        int at = 0;
        // Inside a step, on the engine's own thread: no step can come between the abort and the count.
        recorder.InNextSharedStep = () =>
        {
            dropped.Abort();
            at = recorder.Steps;
        };
        List<EngineOutput> rest = await EngineRunner.Collect(dropped);
        Assert.Equal(FinishReason.Abort, rest[^1].Finish);
        Assert.InRange(recorder.StepsWhenAlone - at, 0, 2);
        Assert.Equal(300, (await EngineRunner.Collect(kept)).Count);
        Assert.Equal(engine.Engine.Statistics.TotalBlocks, engine.Engine.Statistics.FreeBlocks);
    }

    [Fact]
    public void More_sequences_than_block_tables_can_hold_are_refused()
    {
        QuireException refused = Assert.Throws<QuireException>(() => new EngineRunner(Model, new QuireOptions { MaxModelLength = 512, MaxSequences = 100_000_000 }));
        Assert.Contains("--max-num-seqs 100000000", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_queue_refuses_and_says_so()
    {
        using var engine = new EngineRunner(Model, new QuireOptions { MaxModelLength = 512, MaxSequences = 1, MaxQueuedRequests = 2 });
        List<GenerationStream> accepted = [];
        QuireException? refused = null;
        for (int i = 0; i < 8 && refused is null; i++)
        {
            try
            {
                accepted.Add(engine.Submit(Prompt, Endless));
            }
            catch (QuireException e)
            {
                refused = e;
            }
        }
        Assert.Equal(ErrorKind.Overloaded, refused?.Kind);
        accepted.ForEach(stream => stream.Abort());
        foreach (GenerationStream stream in accepted) await EngineRunner.Collect(stream);
        using GenerationStream later = engine.Submit(Prompt, Endless with { MaxTokens = 2 });
        Assert.Equal(2, (await EngineRunner.Collect(later)).Count);
    }

    [Fact]
    public async Task A_failing_step_ends_its_requests_with_the_cause_and_the_engine_is_unhealthy()
    {
        using var engine = new EngineRunner(Model, new QuireOptions { MaxModelLength = 512 }, inner => new FailingExecutor(inner));
        List<EngineOutput> outputs = await engine.Run(Prompt, Endless);
        Assert.Equal(FinishReason.Error, outputs[^1].Finish);
        Assert.Contains("out of order", outputs[^1].Error);
        Assert.Contains("out of order", engine.Engine.Failure?.Message);
        Assert.Equal(ErrorKind.Internal, Assert.Throws<QuireException>(() => engine.Submit(Prompt, Endless)).Kind);
    }

    [Fact]
    public async Task Requests_that_arrive_while_the_engine_fails_end_too()
    {
        for (int round = 0; round < 20; round++)
        {
            using var engine = new EngineRunner(Model, new QuireOptions { MaxModelLength = 512 }, inner => new FailingExecutor(inner));
            var accepted = new List<GenerationStream>();
            for (bool healthy = true; healthy;)
            {
                try
                {
                    accepted.Add(engine.Submit(Prompt, Endless));
                }
                catch (QuireException e)
                {
                    healthy = e.Kind == ErrorKind.Overloaded;
                }
            }
            foreach (GenerationStream stream in accepted)
                Assert.Equal(FinishReason.Error, (await EngineRunner.Collect(stream).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken))[^1].Finish);
        }
    }

    [Fact]
    public async Task Draining_finishes_what_runs_and_refuses_what_comes()
    {
        using var engine = new EngineRunner(Model, new QuireOptions { MaxModelLength = 512 });
        using GenerationStream running = engine.Submit(Prompt, Endless with { MaxTokens = 50 });
        Task drained = engine.Engine.DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ErrorKind.Unavailable, Assert.Throws<QuireException>(() => engine.Submit(Prompt, Endless)).Kind);
        await drained;
        Assert.Equal(50, (await EngineRunner.Collect(running)).Count);
    }

    [Fact]
    public async Task Prompt_log_probabilities_equal_those_of_generated_tokens()
    {
        using var engine = new EngineRunner(Model, new QuireOptions { MaxModelLength = 512, DType = "float32", MaxBatchedTokens = 9, MaxSequences = 4 });
        List<EngineOutput> generated = await engine.Run(Prompt, Endless with { MaxTokens = 20, Logprobs = 1 });
        int[] text = [.. Prompt, .. generated.Select(o => o.Token)];
        List<EngineOutput> scored = await engine.Run(text, Endless with { MaxTokens = 1, PromptLogprobs = 1 });
        TokenLogprobs[] prompt = [.. scored.SelectMany(o => o.PromptLogprobs ?? [])];
        Assert.Equal(text[1..], prompt.Select(p => p.Token));
        Assert.Equal(generated.Select(o => o.Logprobs!.Logprob), prompt[(Prompt.Length - 1)..].Select(p => p.Logprob));
    }

    [Fact]
    public async Task Prompt_log_probabilities_are_reported_once_even_if_the_prompt_is_computed_twice()
    {
        // Little more room than one sequence needs: the newest gives way and computes its prompt again.
        using var engine = new EngineRunner(Model, new QuireOptions { MaxModelLength = 200, Blocks = 18, ReserveFullPrompt = false });
        SamplingParameters scored = Endless with { MaxTokens = 60, PromptLogprobs = 0 };
        int[][] prompts = [.. Enumerable.Range(0, 6).Select(i => Enumerable.Range(i + 5, 60).ToArray())];
        GenerationStream[] streams = [.. prompts.Select(prompt => engine.Submit(prompt, scored))];
        for (int i = 0; i < streams.Length; i++)
            Assert.Equal(prompts[i][1..], (await EngineRunner.Collect(streams[i])).SelectMany(o => o.PromptLogprobs ?? []).Select(p => p.Token));
        Assert.NotEqual(0, engine.Engine.Statistics.Preemptions);
    }

    private abstract class Decorator(IExecutor inner) : IExecutor
    {
        public virtual void Forward(StepPlan plan) => inner.Forward(plan);

        public virtual StepResult Sample(StepPlan plan) => inner.Sample(plan);

        public void Dispose() => inner.Dispose();
    }

    private sealed class AllocationRecorder
    {
        private readonly long[] perStep = new long[10_000];
        private int steps = -1;
        private long last;

        public IEnumerable<long> PerStep => perStep.Take(Math.Max(0, steps));

        public IExecutor Wrap(IExecutor inner) => new Recording(inner, this);

        private sealed class Recording(IExecutor inner, AllocationRecorder owner) : Decorator(inner)
        {
            // From one forward pass to the next, on the engine's thread: execution, sampling, applying, publishing, planning.
            public override void Forward(StepPlan plan)
            {
                long now = GC.GetAllocatedBytesForCurrentThread();
                if (owner.steps >= 0) owner.perStep[owner.steps] = now - owner.last;
                owner.steps++;
                owner.last = now;
                base.Forward(plan);
            }
        }
    }

    private sealed class StepCounter
    {
        public volatile int Steps;
        public volatile int StepsWhenAlone;
        public volatile Action? InNextSharedStep;

        public IExecutor Wrap(IExecutor inner) => new Counting(inner, this);

        private sealed class Counting(IExecutor inner, StepCounter owner) : Decorator(inner)
        {
            private bool wasShared;

            public override void Forward(StepPlan plan)
            {
                if (plan.Rows.Count > 1)
                {
                    wasShared = true;
                    Action? action = owner.InNextSharedStep;
                    owner.InNextSharedStep = null;
                    action?.Invoke();
                }
                else if (wasShared && owner.StepsWhenAlone == 0) owner.StepsWhenAlone = owner.Steps;
                owner.Steps++;
                base.Forward(plan);
            }
        }
    }

    private sealed class FailingExecutor(IExecutor inner) : Decorator(inner)
    {
        private int steps;

        public override void Forward(StepPlan plan)
        {
            if (++steps == 4) throw new InvalidOperationException("the device is out of order");
            base.Forward(plan);
        }
    }
}
