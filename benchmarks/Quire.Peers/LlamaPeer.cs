using System.Diagnostics;
using LLama;
using LLama.Common;
using LLama.Native;

namespace Quire.Peers;

/// <summary>llama.cpp through LLamaSharp's batches; the greedy choice is made here.</summary>
internal sealed class LlamaPeer(LLamaWeights weights, LLamaContext context) : IPeer
{
    public string Name => "llama.cpp (LLamaSharp 0.30.0)";

    public static LlamaPeer Load(string path, int threads)
    {
        NativeLibraryConfig.All.WithLogCallback((_, _) => { });
        var parameters = new ModelParams(path) { ContextSize = 32 * 640, BatchSize = 2048, UBatchSize = 512, Threads = threads, BatchThreads = threads, GpuLayerCount = 0, SeqMax = 32 };
        LLamaWeights weights = LLamaWeights.LoadFromFile(parameters);
        return new LlamaPeer(weights, weights.CreateContext(parameters));
    }

    public Task<double> Prefill(int[] prompt)
    {
        Clear();
        long start = Stopwatch.GetTimestamp();
        _ = Feed([prompt]);
        return Task.FromResult(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    public Task<double> DecodeStep(int[][] prompts, int steps)
    {
        Clear();
        int[] next = Feed(prompts);
        long start = Stopwatch.GetTimestamp();
        var batch = new LLamaBatch();
        for (int step = 0; step < steps; step++)
        {
            batch.Clear();
            var rows = new int[prompts.Length];
            for (int s = 0; s < prompts.Length; s++) rows[s] = batch.Add(next[s], prompts[s].Length + step, (LLamaSeqId)s, true);
            Decode(batch);
            for (int s = 0; s < prompts.Length; s++) next[s] = Best(rows[s]);
        }
        return Task.FromResult(Stopwatch.GetElapsedTime(start).TotalSeconds / steps);
    }

    public ValueTask DisposeAsync()
    {
        context.Dispose();
        weights.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Clear() => context.NativeHandle.MemoryClear();

    private int[] Feed(int[][] prompts)
    {
        var next = new int[prompts.Length];
        for (int s = 0; s < prompts.Length; s++)
        {
            var batch = new LLamaBatch();
            int row = 0;
            for (int t = 0; t < prompts[s].Length; t++) row = batch.Add(prompts[s][t], t, (LLamaSeqId)s, t == prompts[s].Length - 1);
            Decode(batch);
            next[s] = Best(row);
        }
        return next;
    }

    private void Decode(LLamaBatch batch)
    {
        DecodeResult result = context.NativeHandle.Decode(batch);
        if (result != DecodeResult.Ok) throw new InvalidOperationException($"llama.cpp: {result}");
    }

    private int Best(int row) => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(context.NativeHandle.GetLogitsIth(row));

}
