using System.Buffers;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Sampling;

/// <summary>Keeps the most probable ids whose mass reaches p: going up from the least probable, an id is dropped while the mass so far is at most 1 - p.
/// The most probable id always stays.</summary>
/// <remarks>Only ids above a probability threshold are sorted: all others together must fall into the dropped mass, else the threshold is lowered.</remarks>
internal static class TopP<T>
    where T : unmanaged, ILanes<T>
{
    public static void Keep(Span<float> logits, float p)
    {
        float[] masses = ArrayPool<float>.Shared.Rent(logits.Length);
        int[] ids = ArrayPool<int>.Shared.Rent(logits.Length);
        Span<float> probabilities = masses.AsSpan(0, logits.Length);
        logits.CopyTo(probabilities);
        double total = LogitsPipeline<T>.Exponentials(probabilities);
        float threshold = 1e-3f;
        int count;
        double below;
        do
        {
            (count, below) = (0, 0);
            for (int i = 0; i < probabilities.Length; i++)
            {
                if (probabilities[i] >= threshold) ids[count++] = i;
                else below += probabilities[i];
            }
            threshold = threshold > 1e-12f ? threshold * 0.01f : 0;
        }
        while (below > (1 - (double)p) * total && count < probabilities.Length);
        Drop(logits, probabilities, ids.AsSpan(0, count), below, total, p);
        ArrayPool<float>.Shared.Return(masses);
        ArrayPool<int>.Shared.Return(ids);
    }

    private static void Drop(Span<float> logits, Span<float> probabilities, Span<int> ids, double below, double total, float p)
    {
        float[] keys = ArrayPool<float>.Shared.Rent(ids.Length);
        for (int i = 0; i < ids.Length; i++) keys[i] = probabilities[ids[i]];
        keys.AsSpan(0, ids.Length).Sort(ids);
        double limit = 1 - p, mass = below / total;
        int first = 0;
        for (; first < ids.Length - 1; first++)
        {
            mass += keys[first] / total;
            // Single precision is what decides at exact boundaries.
            if ((float)mass > (float)limit) break;
        }
        // Kept ids are marked by their sign while the rest is erased.
        for (int i = first; i < ids.Length; i++) probabilities[ids[i]] = -1;
        for (int i = 0; i < logits.Length; i++)
            if (probabilities[i] >= 0) logits[i] = float.NegativeInfinity;
        ArrayPool<float>.Shared.Return(keys);
    }
}
