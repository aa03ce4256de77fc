using System.Runtime.CompilerServices;
using System.Buffers;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Sampling;

/// <summary>What happens to a row of logits before a token is drawn, in the order of <see cref="SamplingRow"/>. Impossible ids become -infinity.</summary>
internal static unsafe class LogitsPipeline<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>Everything that greedy rows go through too: allowed and masked ids, bias, penalties.</summary>
    public static void Constrain(Span<float> logits, SamplingRow row)
    {
        if (row.Allowed is { } allowed) KeepOnly(logits, allowed);
        foreach (int id in row.Masked) logits[id] = float.NegativeInfinity;
        for (int i = 0; i < row.Bias.Count; i++) logits[row.Bias[i].Key] += row.Bias[i].Value;
        if (row.UsesHistory) Penalise(logits, row);
    }

    /// <summary>Temperature, min-p, top-k, top-p.</summary>
    public static void Filter(Span<float> logits, SamplingRow row)
    {
        Divide(logits, Math.Max(row.Temperature, 0.01f));
        if (row.MinP > 0) KeepAbove(logits, TensorPrimitives.Max((ReadOnlySpan<float>)logits) + MathF.Log(row.MinP));
        if (row.TopK > 0 && row.TopK < logits.Length) KeepAbove(logits, TopK.Threshold(logits, row.TopK));
        if (row.TopP < 1) TopP<T>.Keep(logits, row.TopP);
    }

    /// <summary>Logits become exp(logit - max), exactly 0 for impossible ids.</summary>
    /// <returns>Their sum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Exponentials(Span<float> logits)
    {
        float max = TensorPrimitives.Max((ReadOnlySpan<float>)logits);
        double sum = 0;
        fixed (float* p = logits)
        {
            T shift = T.Broadcast(max);
            float* rest = stackalloc float[16], e = stackalloc float[16];
            for (int i = 0; i < logits.Length; i += 16)
            {
                int count = Math.Min(16, logits.Length - i);
                float* from = p + i;
                if (count < 16)
                {
                    for (int j = 0; j < 16; j++) rest[j] = j < count ? p[i + j] : float.NegativeInfinity;
                    from = rest;
                }
                T.Store(e, LaneMath.Exp(T.Load(from) - shift));
                for (int j = 0; j < count; j++)
                {
                    p[i + j] = float.IsNegativeInfinity(p[i + j]) ? 0 : e[j];
                    sum += p[i + j];
                }
            }
        }
        return sum;
    }

    /// <summary>Ids below the threshold become impossible; those equal to it stay.</summary>
    internal static void KeepAbove(Span<float> logits, float threshold)
    {
        for (int i = 0; i < logits.Length; i++)
            if (logits[i] < threshold) logits[i] = float.NegativeInfinity;
    }

    private static void KeepOnly(Span<float> logits, IReadOnlyList<int> allowed)
    {
        float[] kept = ArrayPool<float>.Shared.Rent(allowed.Count);
        for (int i = 0; i < allowed.Count; i++) kept[i] = logits[allowed[i]];
        logits.Fill(float.NegativeInfinity);
        for (int i = 0; i < allowed.Count; i++) logits[allowed[i]] = kept[i];
        ArrayPool<float>.Shared.Return(kept);
    }

    private static void Penalise(Span<float> logits, SamplingRow row)
    {
        if (row.RepetitionPenalty != 1)
        {
            foreach (int id in row.History.Prompt) Repeat(ref logits[id], row.RepetitionPenalty);
            foreach (int id in row.History.Outputs.Keys)
                if (!row.History.Prompt.Contains(id)) Repeat(ref logits[id], row.RepetitionPenalty);
        }
        foreach ((int id, int count) in row.History.Outputs)
        {
            logits[id] -= row.FrequencyPenalty * count;
            logits[id] -= row.PresencePenalty;
        }
    }

    private static void Repeat(ref float logit, float penalty) => logit = logit > 0 ? logit / penalty : logit * penalty;

    private static void Divide(Span<float> logits, float temperature)
    {
        if (temperature != 1) TensorPrimitives.Divide(logits, temperature, logits);
    }
}
