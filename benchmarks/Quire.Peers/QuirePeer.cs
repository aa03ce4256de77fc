using System.Diagnostics;
using Quire.Engine;

namespace Quire.Peers;

/// <summary>Quire in this process, through its public API.</summary>
internal sealed class QuirePeer(QuireEngine engine) : IPeer
{
    public string Name => $"Quire, {engine.Device}";

    public static async Task<QuirePeer> Load(string path, int threads) =>
        new(await QuireEngine.LoadAsync(path, new QuireOptions { Threads = threads, KvCacheBytes = 1L << 30, MaxModelLength = 2048, PrefixCaching = false }));

    public async Task<double> Prefill(int[] prompt)
    {
        long start = Stopwatch.GetTimestamp();
        await engine.GenerateAsync(Request(prompt, 1));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public async Task<double> DecodeStep(int[][] prompts, int steps)
    {
        long[] last = new long[prompts.Length];
        long[] first = new long[prompts.Length];
        await Task.WhenAll(prompts.Select((prompt, i) => Task.Run(async () =>
        {
            await foreach (GenerationChunk chunk in engine.StreamAsync(Request(prompt, steps + 1)))
            {
                last[i] = Stopwatch.GetTimestamp();
                if (first[i] == 0) first[i] = last[i];
            }
        })));
        // From the moment when all stream to the moment when the first has ended, counted in that stream's steps.
        return Stopwatch.GetElapsedTime(first.Max(), last.Max()).TotalSeconds / steps;
    }

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    private static GenerationRequest Request(int[] prompt, int tokens) =>
        new() { PromptTokens = prompt, Sampling = SamplingParameters.Greedy with { MaxTokens = tokens, IgnoreEos = true } };
}
