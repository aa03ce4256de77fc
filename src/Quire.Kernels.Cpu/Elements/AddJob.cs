using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Elements;

/// <summary>output += scale * input, rounded once. One item is a run of elements.</summary>
internal readonly unsafe struct AddJob<T>(float* output, float* input, long count, float scale) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int Run = 4096;

    public int Items => (int)((count + Run - 1) / Run);

    void IJob.Run(int item, int worker)
    {
        long i = (long)item * Run, end = Math.Min(count, i + Run);
        T factor = T.Broadcast(scale);
        for (; i + 16 <= end; i += 16) T.Store(output + i, T.Fma(T.Load(input + i), factor, T.Load(output + i)));
        for (; i < end; i++) output[i] = MathF.FusedMultiplyAdd(input[i], scale, output[i]);
    }
}
