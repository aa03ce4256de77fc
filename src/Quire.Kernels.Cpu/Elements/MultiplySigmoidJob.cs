using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Elements;

/// <summary>Values times the sigmoids of others. One item is a run of elements.</summary>
internal readonly unsafe struct MultiplySigmoidJob<T>(float* values, float* gates, long count) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int PerItem = 4096;

    public int Items => (int)((count + PerItem - 1) / PerItem);

    public void Run(int item, int worker)
    {
        long i = (long)item * PerItem, end = Math.Min(count, i + PerItem);
        for (; i + 16 <= end; i += 16) T.Store(values + i, Apply(T.Load(values + i), T.Load(gates + i)));
        if (i == end) return;
        // The remainder runs through the same lanes, so that an element's bits do not depend on where the run ends.
        float* rest = stackalloc float[32];
        for (long j = i; j < end; j++) (rest[j - i], rest[16 + j - i]) = (values[j], gates[j]);
        T.Store(rest, Apply(T.Load(rest), T.Load(rest + 16)));
        for (long j = i; j < end; j++) values[j] = rest[j - i];
    }

    private static T Apply(T value, T gate) => value / (T.Broadcast(1f) + LaneMath.Exp(T.Zero - gate));
}
