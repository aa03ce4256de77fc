using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Elements;

/// <summary>x becomes scale * x, then cap * tanh(x / cap) where there is a cap. One item is a run of elements.</summary>
internal readonly unsafe struct ScaleAndCapJob<T>(float* values, long count, float scale, float cap) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int Run = 4096;

    public int Items => (int)((count + Run - 1) / Run);

    void IJob.Run(int item, int worker)
    {
        long i = (long)item * Run, end = Math.Min(count, i + Run);
        for (; i + 16 <= end; i += 16) T.Store(values + i, Apply(T.Load(values + i)));
        if (i == end) return;
        // The remainder runs through the same lanes, so that an element's bits do not depend on where the run ends.
        float* rest = stackalloc float[16];
        for (long j = i; j < end; j++) rest[j - i] = values[j];
        T.Store(rest, Apply(T.Load(rest)));
        for (long j = i; j < end; j++) values[j] = rest[j - i];
    }

    private T Apply(T x)
    {
        x *= T.Broadcast(scale);
        return cap > 0 ? LaneMath.Cap(x, cap) : x;
    }
}
