using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Norm;

/// <summary>output = input / sqrt(mean(input²) + epsilon) * weight, one row.</summary>
internal static unsafe class RmsNormRow<T>
    where T : unmanaged, ILanes<T>
{
    /// <remarks>Lane i sums the squares of columns i, i + 16, ...; a remainder goes into the first lanes of a zero-filled vector.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* output, float* input, float* weight, int columns, float epsilon)
    {
        T squares = T.Zero;
        int column = 0;
        for (; column + 16 <= columns; column += 16)
        {
            T x = T.Load(input + column);
            squares = T.Fma(x, x, squares);
        }
        if (column < columns)
        {
            float* rest = stackalloc float[16];
            for (int i = column; i < columns; i++) rest[i - column] = input[i];
            T x = T.Load(rest);
            squares = T.Fma(x, x, squares);
        }
        float scale = 1f / MathF.Sqrt((T.Sum(squares) / columns) + epsilon);
        T scales = T.Broadcast(scale);
        for (column = 0; column + 16 <= columns; column += 16)
            T.Store(output + column, T.Load(input + column) * scales * T.Load(weight + column));
        for (; column < columns; column++) output[column] = input[column] * scale * weight[column];
    }
}
