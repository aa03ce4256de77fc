using System.Buffers;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Sampling;

/// <summary>One item is one row of logits.</summary>
internal readonly struct SampleJob<T>(Tensor logits, ReadOnlyMemory<SamplingRow> rows, ReadOnlyMemory<SampledToken> tokens) : IJob
    where T : unmanaged, ILanes<T>
{
    public void Run(int item, int worker) => Choose(logits.Slice(item, 1).AsSpan<float>(), rows.Span[item], tokens.Span[item]);

    internal static void Choose(Span<float> logits, SamplingRow row, SampledToken token)
    {
        bool reports = row.Logprobs != SamplingRow.NoLogprobs, raw = row.Mode is LogprobsMode.RawLogprobs or LogprobsMode.RawLogits;
        float[]? scores = reports ? ArrayPool<float>.Shared.Rent(logits.Length) : null;
        if (reports && raw) logits.CopyTo(scores);

        int best = Constrain(logits, row);
        token.IsInvalid = float.IsNaN(logits[best]);
        if (token.IsInvalid)
        {
            if (scores is not null) ArrayPool<float>.Shared.Return(scores);
            return;
        }
        bool draws = row.Forced < 0 && !row.IsGreedy;
        if (draws) LogitsPipeline<T>.Filter(logits, row);
        if (reports && !raw) logits.CopyTo(scores);
        token.Id = row.Forced >= 0 ? row.Forced : draws ? Draw(logits, row) : best;
        if (scores is null) return;
        LogprobReport<T>.Fill(scores.AsSpan(0, logits.Length), row, token);
        ArrayPool<float>.Shared.Return(scores);
    }

    // The best id, or the first one that is not a number.
    private static int Constrain(Span<float> logits, SamplingRow row)
    {
        LogitsPipeline<T>.Constrain(logits, row);
        return TensorPrimitives.IndexOfMax((ReadOnlySpan<float>)logits);
    }

    // The id at which the mass, added up by id, passes a uniform share of the whole.
    private static int Draw(Span<float> logits, SamplingRow row)
    {
        double target = CounterRandom.Uniform(row.Seed, row.Choice, row.Position, CounterRandom.Draw) * LogitsPipeline<T>.Exponentials(logits);
        double mass = 0;
        int last = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[i] == 0) continue;
            mass += logits[i];
            last = i;
            if (mass > target) return i;
        }
        return last;
    }
}
