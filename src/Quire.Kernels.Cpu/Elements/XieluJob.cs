using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Elements;

/// <summary>xIELU of every value. One item is a run of values.</summary>
internal readonly unsafe struct XieluJob<T>(float* values, long count, XieluParameters parameters) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int PerItem = 4096;

    public int Items => (int)((count + PerItem - 1) / PerItem);

    public void Run(int item, int worker)
    {
        float* rest = stackalloc float[16];
        long end = Math.Min(count, (item + 1L) * PerItem);
        for (long i = (long)item * PerItem; i < end; i += 16)
        {
            if (i + 16 <= end)
            {
                T.Store(values + i, Apply(T.Load(values + i)));
                continue;
            }
            for (int k = 0; k < 16; k++) rest[k] = i + k < end ? values[i + k] : 0;
            T.Store(rest, Apply(T.Load(rest)));
            for (long k = i; k < end; k++) values[k] = rest[k - i];
        }
    }

    // Both branches without a choice: each is zero where the other holds. The exponential's argument is at most 0 in its own.
    private T Apply(T x)
    {
        T positive = T.Max(x, T.Zero), negative = T.Min(x, T.Zero), one = T.Broadcast(1f);
        T curve = LaneMath.Exp(T.Min(negative, T.Broadcast(parameters.Epsilon))) - one - negative;
        T below = T.Broadcast(parameters.AlphaNegative) * curve, above = T.Broadcast(parameters.AlphaPositive) * positive * positive;
        // At positive x the curve of 0 is e^Epsilon - 1, which is taken off again.
        T atZero = T.Broadcast(parameters.AlphaNegative) * (LaneMath.Exp(T.Min(T.Zero, T.Broadcast(parameters.Epsilon))) - one);
        T share = T.Min(one, positive * T.Broadcast(float.MaxValue));
        return above + below - (share * atZero) + (T.Broadcast(parameters.Beta) * x);
    }
}
