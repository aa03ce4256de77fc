using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Quire.Server;

/// <summary>Measures one request as its pieces pass by.</summary>
internal sealed class RequestTimer(ServerMetrics metrics, int promptTokens, int choices)
{
    private readonly long start = Stopwatch.GetTimestamp();
    private readonly long[] last = new long[choices];

    /// <summary>The same pieces, watched. The request has been submitted already when this is called.</summary>
    public async IAsyncEnumerable<GenerationChunk> Watch(IAsyncEnumerable<GenerationChunk> chunks, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        bool isFirst = true;
        await foreach (GenerationChunk chunk in chunks.WithCancellation(cancellation))
        {
            long now = Stopwatch.GetTimestamp();
            if (isFirst && chunk.Tokens.Count > 0)
            {
                isFirst = false;
                metrics.FirstToken.Observe(Stopwatch.GetElapsedTime(start, now).TotalSeconds);
                metrics.PromptTokens.Observe(promptTokens);
                metrics.Cached(chunk.CachedTokens);
            }
            if (chunk.Tokens.Count > 0)
            {
                if (last[chunk.Choice] != 0) metrics.BetweenTokens.Observe(Stopwatch.GetElapsedTime(last[chunk.Choice], now).TotalSeconds);
                last[chunk.Choice] = now;
            }
            if (chunk.Finish is { } finish) Finish(chunk, finish, now);
            yield return chunk;
        }
    }

    private void Finish(GenerationChunk chunk, Engine.FinishReason finish, long now)
    {
        metrics.Finished(finish);
        double seconds = Stopwatch.GetElapsedTime(start, now).TotalSeconds;
        metrics.Latency.Observe(seconds);
        metrics.GenerationTokens.Observe(chunk.CompletionTokens);
        if (chunk.CompletionTokens > 1) metrics.PerOutputToken.Observe(seconds / (chunk.CompletionTokens - 1));
    }
}
