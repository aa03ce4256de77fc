using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A product for each head: its own matrix times its own part of every row. One item is one item of a head's product.</summary>
/// <param name="weights">By head, all of one shape.</param>
/// <param name="input">[rows][heads][inputSize], of which each head's leading elements are its matrix's inputs.</param>
/// <param name="output">[rows][heads][outputSize], the same for outputs.</param>
internal readonly unsafe struct HeadLinearJob<T>(ComputePool pool, IReadOnlyList<PackedWeight> weights, float* input, int inputSize, int rows, float* output, int outputSize) : IJob
    where T : unmanaged, ILanes<T>
{
    private readonly int perHead = Head(pool, weights, 0, input, inputSize, rows, output, outputSize).Items;

    public int Items => perHead * weights.Count;

    public void Run(int item, int worker) => Head(pool, weights, item / perHead, input, inputSize, rows, output, outputSize).Run(item % perHead, worker);

    private static LinearJob<T> Head(ComputePool pool, IReadOnlyList<PackedWeight> weights, int head, float* input, int inputSize, int rows, float* output, int outputSize)
    {
        PackedWeight weight = weights[head];
        var to = new ProductOutput(output + (head * outputSize), (long)weights.Count * outputSize, (int)weight.OutputFeatures, null, null, weight.Factor);
        return new LinearJob<T>(pool, weight, input + (head * inputSize), rows, to, weights.Count * inputSize);
    }
}
