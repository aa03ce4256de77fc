using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Quire.Tensors;

namespace Quire.Engine;

/// <summary>Continuous batching: requests come in from any thread, one thread plans, executes and applies steps, tokens go out through each request's stream.</summary>
public sealed partial class InferenceEngine : IDisposable
{
    private readonly SchedulerOptions options;
    private readonly Scheduler scheduler;
    private readonly IExecutor executor;
    private readonly AdapterStore? adapters;
    private readonly ILogger logger;
    private readonly ConcurrentQueue<(GenerationStream Stream, bool IsAbort)> inbox = new();
    private readonly SemaphoreSlim arrived = new(0);
    private readonly Thread thread;
    private readonly Action<Sequence, int, int> publish;
    private readonly int maxQueued;
    private readonly object statisticsGate = new();
    private EngineStatistics statistics;
    private StepResult? lastResult;
    private long promptTokens, generatedTokens, steps;
    private int queued;
    private volatile bool stopping, draining, ended;
    private volatile Exception? failure;

    /// <param name="executor">Disposed with the engine.</param>
    /// <param name="maxQueued">Requests that may wait; more are refused.</param>
    /// <param name="adapters">What <see cref="EngineRequest.Adapter"/> names; null where requests may name none. Disposed with the engine.</param>
    public InferenceEngine(SchedulerOptions options, IExecutor executor, int maxQueued = 1024, ILogger? logger = null, AdapterStore? adapters = null)
    {
        this.adapters = adapters;
        this.options = options;
        this.executor = executor;
        this.maxQueued = maxQueued;
        this.logger = logger ?? NullLogger.Instance;
        scheduler = new Scheduler(options);
        publish = Publish;
        PublishStatistics();
        thread = new Thread(Run) { Name = "quire-engine", IsBackground = true };
        thread.Start();
    }

    /// <summary>Null while healthy; afterwards what stopped the engine.</summary>
    public Exception? Failure => failure;

    public EngineStatistics Statistics
    {
        get
        {
            lock (statisticsGate) return statistics with { Waiting = statistics.Waiting + inbox.Count };
        }
    }

    /// <summary>Puts a request into the queue.</summary>
    /// <exception cref="QuireException">The queue is full, the engine is stopping or has failed, or the prompt does not fit the context.</exception>
    public GenerationStream Submit(EngineRequest request)
    {
        if (failure is { } cause) throw new QuireException(ErrorKind.Internal, $"The engine has failed: {cause.Message}", inner: cause);
        if (stopping || draining) throw new QuireException(ErrorKind.Unavailable, "The engine is shutting down.");
        if (request.Prompt.Length == 0) throw new QuireException(ErrorKind.InvalidRequest, "The prompt has no tokens.", param: "prompt");
        if (request.Pools != options.Pools) throw new QuireException(ErrorKind.InvalidRequest, options.Pools ? "This model is run for embeddings or labels and gives no text; ask for those, or load a model that gives text." : "This engine generates text; start it with the runner pooling.", param: "runner");
        if (request.Prompt.Length >= options.MaxModelLength + (request.Pools ? 1 : 0))
            throw new QuireException(ErrorKind.InvalidRequest, $"The prompt has {request.Prompt.Length} tokens; this model's context of {options.MaxModelLength} leaves room for {options.MaxModelLength - 1}.", param: "prompt");
        if (Interlocked.Increment(ref queued) > maxQueued)
        {
            Interlocked.Decrement(ref queued);
            throw new QuireException(ErrorKind.Overloaded, $"{maxQueued} requests are waiting already; try again later.", "queue_full");
        }
        if (request.Adapter != 0)
        {
            try
            {
                (adapters ?? throw new QuireException(ErrorKind.InvalidRequest, "This engine serves no adapters.", param: "model")).Acquire(request.Adapter);
            }
            catch
            {
                Interlocked.Decrement(ref queued);
                throw;
            }
        }
        if (request.Parameters.Seed is null)
            request = request with { Parameters = request.Parameters with { Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) } };
        var stream = new GenerationStream(this, request);
        Send(stream, isAbort: false);
        return stream;
    }

    /// <summary>Refuses new requests; those that run or wait are finished. Returns when none is left, or at cancellation.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken = default)
    {
        draining = true;
        while (!cancellationToken.IsCancellationRequested && failure is null && (Statistics is { Running: > 0 } or { Waiting: > 0 } || !inbox.IsEmpty))
            await Task.Delay(20, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        if (stopping) return;
        stopping = true;
        arrived.Release();
        thread.Join();
        executor.Dispose();
        adapters?.Dispose();
        arrived.Dispose();
    }

    internal void Abort(GenerationStream stream)
    {
        if (!stream.IsEnded && !stopping) Send(stream, isAbort: true);
    }

    /// <summary>The stream's last output was published.</summary>
    internal void Ended(GenerationStream stream)
    {
        if (stream.Request.Adapter != 0) adapters!.Release(stream.Request.Adapter, hasRun: stream.Sequence is { LeftQueue: true });
    }

    private void Send(GenerationStream stream, bool isAbort)
    {
        inbox.Enqueue((stream, isAbort));
        Interlocked.MemoryBarrier();
        if (ended) EndInbox();
        else arrived.Release();
    }

    private void Run()
    {
        try
        {
            while (Drain())
            {
                if (!scheduler.HasWork)
                {
                    PublishStatistics();
                    arrived.Wait();
                    continue;
                }
                Step();
                PublishStatistics();
            }
        }
        catch (Exception e)
        {
            failure = e;
            LogFailure(e);
        }
        EndAll();
    }

    private void Step()
    {
        StepPlan plan = scheduler.Plan();
        for (int i = 0; i < plan.Sequences.Count; i++) LeaveQueue(plan.Sequences[i]);
        try
        {
            if (plan.IsEmpty) throw new InvalidOperationException("sequences wait and none can be planned: the KV cache is smaller than one sequence");
            executor.Forward(plan);
            lastResult = executor.Sample(plan);
        }
        catch (Exception e)
        {
            failure = e; // who hears of the error finds the engine unhealthy
            scheduler.Fail(plan, sequence => Stream(sequence).Publish(new EngineOutput(-1, null, null, FinishReason.Error, 0, e.Message)));
            ExceptionDispatchInfo.Throw(e);
        }
        scheduler.Apply(plan, lastResult, publish);
        steps++;
    }

    // Takes in new requests and aborts; false: stop.
    private bool Drain()
    {
        while (inbox.TryDequeue(out (GenerationStream Stream, bool IsAbort) message))
        {
            if (message.IsAbort) AbortNow(message.Stream);
            else Add(message.Stream);
        }
        return !stopping;
    }

    private void Add(GenerationStream stream)
    {
        stream.Sequence = scheduler.Add(stream.Request, stream);
        promptTokens += stream.Request.Prompt.Length;
    }

    private void AbortNow(GenerationStream stream)
    {
        if (stream.Sequence is not { Finished: null } sequence) return;
        LeaveQueue(sequence);
        scheduler.Abort(sequence);
        stream.Publish(new EngineOutput(-1, null, null, FinishReason.Abort, Math.Max(0, sequence.CachedPromptTokens)));
    }

    private void Publish(Sequence sequence, int row, int accepted)
    {
        StepResult result = lastResult!;
        GenerationStream stream = Stream(sequence);
        generatedTokens += accepted;
        IReadOnlyList<TokenLogprobs>? prompt = result.PromptTokens(row) is { } tokens ? [.. tokens.Select(Logprobs)] : null;
        int cached = Math.Max(0, sequence.CachedPromptTokens);
        for (int i = 0; i < accepted; i++)
        {
            SampledToken token = result.Token(row, i);
            stream.Publish(new EngineOutput(token.Pooled is null ? token.Id : -1, sequence.Parameters.Logprobs is null ? null : Logprobs(token), prompt, i == accepted - 1 ? sequence.Finished : null, cached) { Pooled = token.Pooled });
            prompt = null;
        }
        if (accepted == 0)
        {
            string? error = sequence.Finished == FinishReason.Error ? "The model's output was not a number; the request was ended." : null;
            if (error is not null) LogNotANumber(sequence.Request.Id, sequence.Request.Adapter);
            stream.Publish(new EngineOutput(-1, null, prompt, sequence.Finished, cached, error));
        }
    }

    private static TokenLogprobs Logprobs(SampledToken token) => new(token.Id, token.Logprob, token.Rank, [.. token.TopLogprobs]);

    // A request counts as queued until its first plan.
    private void LeaveQueue(Sequence sequence)
    {
        if (sequence.LeftQueue) return;
        sequence.LeftQueue = true;
        if (sequence.Request.Adapter != 0) adapters!.Started(sequence.Request.Adapter);
        Interlocked.Decrement(ref queued);
    }

    private static GenerationStream Stream(Sequence sequence) => (GenerationStream)sequence.Tag!;

    private void EndAll()
    {
        foreach (Sequence sequence in scheduler.Running.Concat(scheduler.Waiting).ToArray())
        {
            scheduler.Abort(sequence);
            Stream(sequence).Publish(LastOutput());
        }
        ended = true;
        Interlocked.MemoryBarrier();
        EndInbox();
        PublishStatistics();
    }

    // With no step left to take messages in, the engine's thread ends those it finds and each sender those that came later.
    private void EndInbox()
    {
        while (inbox.TryDequeue(out (GenerationStream Stream, bool IsAbort) message))
            if (!message.IsAbort) message.Stream.Publish(LastOutput());
    }

    private EngineOutput LastOutput() => failure is { } cause
        ? new EngineOutput(-1, null, null, FinishReason.Error, 0, cause.Message)
        : new EngineOutput(-1, null, null, FinishReason.Abort, 0, "The engine was stopped.");

    private void PublishStatistics()
    {
        PrefixCacheStatistics prefix = scheduler.Blocks.Statistics;
        lock (statisticsGate)
        {
            statistics = new EngineStatistics(scheduler.Running.Count, scheduler.WaitingCount, scheduler.Blocks.Free, scheduler.Blocks.Total,
                prefix.Queries, prefix.Hits, scheduler.Preemptions, promptTokens, generatedTokens, steps);
        }
    }

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "Request {Id} was ended: the model's output was not a number (adapter load {Adapter}, 0 for none). Weights, or a scale in the configuration, are broken.")]
    private partial void LogNotANumber(string id, int adapter);

    [LoggerMessage(EventId = 2, Level = LogLevel.Critical, Message = "The engine failed and serves no more requests.")]
    private partial void LogFailure(Exception exception);
}
