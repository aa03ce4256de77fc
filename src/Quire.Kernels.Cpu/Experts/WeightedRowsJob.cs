using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Experts;

/// <summary>output[row] = residual[row] + the sum over its choices, in order, of weight * source[rowOf]. One item is one row.</summary>
/// <param name="residual">May be the output; null adds nothing.</param>
/// <param name="rowOf">[rows * choices]: which row of the source; null is the row itself.</param>
/// <param name="weights">[rows * choices]; null is 1.</param>
internal readonly unsafe struct WeightedRowsJob<T>(float* output, float* residual, float* source, int* rowOf, float* weights, int choices, int columns) : IJob
    where T : unmanaged, ILanes<T>
{
    public void Run(int item, int worker)
    {
        float* to = output + ((long)item * columns), start = residual == null ? null : residual + ((long)item * columns);
        int column = 0;
        for (; column + 16 <= columns; column += 16)
        {
            T sum = start == null ? T.Zero : T.Load(start + column);
            for (int choice = 0; choice < choices; choice++) sum = T.Fma(T.Broadcast(Weight(item, choice)), T.Load(Row(item, choice) + column), sum);
            T.Store(to + column, sum);
        }
        for (; column < columns; column++)
        {
            float sum = start == null ? 0 : start[column];
            for (int choice = 0; choice < choices; choice++) sum = MathF.FusedMultiplyAdd(Weight(item, choice), Row(item, choice)[column], sum);
            to[column] = sum;
        }
    }

    private float Weight(int item, int choice) => weights == null ? 1 : weights[(item * choices) + choice];

    private float* Row(int item, int choice) => source + ((long)(rowOf == null ? item : rowOf[(item * choices) + choice]) * columns);
}
