using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Norm;

/// <summary>output = (input - mean(input)) / sqrt(variance(input) + epsilon) * weight + bias, one row.</summary>
internal static unsafe class LayerNormRow<T>
    where T : unmanaged, ILanes<T>
{
    /// <remarks>The mean comes first, so that squares are of differences and a large mean cancels nothing. Lanes as in <see cref="RmsNormRow{T}"/>.</remarks>
    /// <param name="bias">Null adds nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* output, float* input, float* weight, float* bias, int columns, float epsilon)
    {
        int whole = columns & ~15;
        float* rest = stackalloc float[16];
        for (int i = whole; i < columns; i++) rest[i - whole] = input[i];
        T sum = T.Load(rest);
        for (int column = 0; column < whole; column += 16) sum += T.Load(input + column);
        float mean = T.Sum(sum) / columns;

        T means = T.Broadcast(mean);
        for (int i = whole; i < columns; i++) rest[i - whole] = input[i] - mean;
        T difference = T.Load(rest), squares = difference * difference;
        for (int column = 0; column < whole; column += 16)
        {
            difference = T.Load(input + column) - means;
            squares = T.Fma(difference, difference, squares);
        }
        float scale = 1f / MathF.Sqrt((T.Sum(squares) / columns) + epsilon);

        T scales = T.Broadcast(scale);
        for (int column = 0; column < whole; column += 16)
        {
            T normal = (T.Load(input + column) - means) * scales;
            T.Store(output + column, T.Fma(normal, T.Load(weight + column), bias == null ? T.Zero : T.Load(bias + column)));
        }
        for (int i = whole; i < columns; i++)
            output[i] = MathF.FusedMultiplyAdd((input[i] - mean) * scale, weight[i], bias == null ? 0 : bias[i]);
    }
}
