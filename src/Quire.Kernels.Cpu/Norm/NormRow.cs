using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Norm;

/// <summary>One row through a norm of either kind.</summary>
internal static unsafe class NormRow<T>
    where T : unmanaged, ILanes<T>
{
    /// <param name="first">Where the row's weights begin: norms of heads may have a row of weights for each.</param>
    public static void Apply(float* output, float* input, in NormWeight norm, int columns, long first = 0)
    {
        float* weight = (float*)norm.Weight.Address + first;
        if (norm.Kind == NormKind.Rms) RmsNormRow<T>.Apply(output, input, weight, columns, norm.Epsilon);
        else LayerNormRow<T>.Apply(output, input, weight, norm.Bias.IsEmpty ? null : (float*)norm.Bias.Address + first, columns, norm.Epsilon);
    }
}
