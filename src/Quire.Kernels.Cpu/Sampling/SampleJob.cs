using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Sampling;

/// <summary>One item is one row of logits.</summary>
internal readonly struct SampleJob(Tensor logits, ReadOnlyMemory<SamplingRow> rows, ReadOnlyMemory<SampledToken> tokens) : IJob
{
    public void Run(int item, int worker) =>
        TokenSampler.Choose(logits.Slice(item, 1).AsSpan<float>(), rows.Span[item], tokens.Span[item]);
}
