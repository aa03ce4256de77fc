using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Attention;

/// <summary>Rotation of one head.</summary>
internal static unsafe class RotaryPairs<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>A position's cosines, its sines behind them.</summary>
    /// <param name="table">[positions, 2, half]; empty rotates nothing.</param>
    public static float* Row(Tensor table, int position, out int half)
    {
        half = table.IsEmpty ? 0 : (int)table.Shape[2];
        return half == 0 ? null : (float*)table.Address + ((long)position * 2 * half);
    }

    /// <summary>(x, y) becomes (x cos - y sin, y cos + x sin), y standing half the rotated size after x; the remainder rounds as the lanes do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* head, float* cosines, int half)
    {
        float* sines = cosines + half;
        int i = 0;
        for (; i + 16 <= half; i += 16)
        {
            T x = T.Load(head + i), y = T.Load(head + half + i), cos = T.Load(cosines + i), sin = T.Load(sines + i);
            T.Store(head + i, T.Fma(x, cos, T.Zero - (y * sin)));
            T.Store(head + half + i, T.Fma(y, cos, x * sin));
        }
        for (; i < half; i++)
        {
            float x = head[i], y = head[half + i];
            head[i] = MathF.FusedMultiplyAdd(x, cosines[i], 0f - (y * sines[i]));
            head[half + i] = MathF.FusedMultiplyAdd(y, cosines[i], x * sines[i]);
        }
    }
}
