using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounds f32 rows to bf16, half to even. One item is a few rows.</summary>
/// <param name="columns">Elements of an input row.</param>
/// <param name="stride">Elements between rows of output; those past the columns become zero.</param>
internal readonly unsafe struct BFloatRounding<T>(float* input, int columns, ushort* output, int stride, int rows) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int RowsPerItem = 4;

    public int Items => (rows + RowsPerItem - 1) / RowsPerItem;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int item, int worker)
    {
        for (int row = item * RowsPerItem; row < Math.Min(rows, (item + 1) * RowsPerItem); row++)
        {
            float* from = input + ((long)row * columns);
            ushort* to = output + ((long)row * stride);
            int k = 0;
            for (; k + 16 <= columns; k += 16) T.StoreBf16(to + k, T.Load(from + k));
            for (; k < columns; k++) to[k] = Packing.RoundToBf16(from[k]);
            for (; k < stride; k++) to[k] = 0;
        }
    }
}
