using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Sampling;

/// <summary>Log probability and rank of the chosen token, and the best ids.</summary>
internal static class LogprobReport<T>
    where T : unmanaged, ILanes<T>
{
    /// <param name="scores">Logits of the stage that the row's mode asks for; spent if the mode wants log probabilities.</param>
    public static void Fill(Span<float> scores, SamplingRow row, SampledToken token)
    {
        if (row.Mode is LogprobsMode.RawLogprobs or LogprobsMode.ProcessedLogprobs) LogSoftmax(scores);
        float chosen = scores[token.Id];
        token.Logprob = chosen;
        int rank = 0;
        foreach (float score in scores)
            if (score >= chosen) rank++;
        token.Rank = rank;
        token.TopLogprobs.Clear();
        int count = row.Logprobs < 0 ? scores.Length : Math.Min(row.Logprobs, scores.Length);
        if (count == 0) return;
        float threshold = count == scores.Length ? float.NegativeInfinity : TopK.Threshold(scores, count);
        for (int i = 0; i < scores.Length; i++)
            if (scores[i] >= threshold) token.TopLogprobs.Add(new(i, scores[i]));
        token.TopLogprobs.Sort(static (a, b) => b.Value.CompareTo(a.Value) is var order && order != 0 ? order : a.Key.CompareTo(b.Key));
        if (token.TopLogprobs.Count > count) token.TopLogprobs.RemoveRange(count, token.TopLogprobs.Count - count);
    }

    /// <summary>x - max - ln(sum exp(x - max)), in place.</summary>
    internal static void LogSoftmax(Span<float> scores)
    {
        float max = TensorPrimitives.Max((ReadOnlySpan<float>)scores);
        float[] copy = System.Buffers.ArrayPool<float>.Shared.Rent(scores.Length);
        scores.CopyTo(copy);
        float shift = (float)Math.Log(LogitsPipeline<T>.Exponentials(copy.AsSpan(0, scores.Length)));
        System.Buffers.ArrayPool<float>.Shared.Return(copy);
        for (int i = 0; i < scores.Length; i++) scores[i] = scores[i] - max - shift;
    }
}
