using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounds rows as a checkpoint's <see cref="ActivationScheme"/> says, and widens them again: output = (q - zero) * scale in f32. One item is one row.</summary>
/// <param name="output">[rows][columns], not the input.</param>
internal readonly unsafe struct SchemeRounding<T>(float* input, float* output, int columns, ActivationScheme scheme) : IJob
    where T : unmanaged, ILanes<T>
{
    /// <summary>Scales of float8 rows do not go below this (vLLM's QuantFP8).</summary>
    private const float SmallestFloat8Scale = 1 / (448f * 512f);

    private const float SmallestScale = 1e-30f;

    public void Run(int item, int worker)
    {
        float* from = input + ((long)item * columns), to = output + ((long)item * columns);
        int group = scheme.GroupSize == 0 ? columns : scheme.GroupSize;
        for (int k = 0; k < columns; k += group) Round(from + k, to + k, Math.Min(group, columns - k));
    }

    private void Round(float* from, float* to, int count)
    {
        switch (scheme.Format)
        {
            case ActivationFormat.E4M3:
                float scale = scheme.Scale > 0 ? scheme.Scale : Math.Max(Magnitude(from, count) / 448, SmallestFloat8Scale);
                Float8(from, to, count, scale, divides: scheme.GroupSize > 0);
                break;
            case ActivationFormat.Int8 when scheme.Scale > 0:
                Int8(from, to, count, scheme.Scale, scheme.Zero);
                break;
            case ActivationFormat.Int8 when scheme.IsSymmetric:
                Int8(from, to, count, Math.Max(Magnitude(from, count) / 127, SmallestScale), 0);
                break;
            case ActivationFormat.Int8:
                (float low, float high) = Range(from, count);
                float step = Math.Max((high - low) / 255, SmallestScale);
                Int8(from, to, count, step, MathF.Round(-128 - (low / step)));
                break;
            default:
                Float4(from, to, count);
                break;
        }
    }

    // NaN goes through every operation: it is the second operand of each maximum and minimum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Float8(float* from, float* to, int count, float scale, bool divides)
    {
        T low = T.Broadcast(-Quire.Tensors.Float8.MaxE4M3), high = T.Broadcast(Quire.Tensors.Float8.MaxE4M3), scales = T.Broadcast(scale), inverse = T.Broadcast(1 / scale);
        float* rest = stackalloc float[16];
        for (int k = 0; k < count; k += 16)
        {
            T x = Load(from + k, count - k, rest);
            x = T.RoundE4M3(T.Min(high, T.Max(low, divides ? x / scales : x * inverse))) * scales;
            Store(to + k, count - k, x, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Int8(float* from, float* to, int count, float scale, float zero)
    {
        T low = T.Broadcast(-128), high = T.Broadcast(127), scales = T.Broadcast(scale), zeros = T.Broadcast(zero);
        float* rest = stackalloc float[16];
        for (int k = 0; k < count; k += 16)
        {
            T x = T.Round(Load(from + k, count - k, rest) / scales) + zeros;
            Store(to + k, count - k, (T.Min(high, T.Max(low, x)) - zeros) * scales, rest);
        }
    }

    // NVFP4: the group's scale is rounded to float8, its values to float4.
    private void Float4(float* from, float* to, int count)
    {
        float code = Quire.Tensors.Float8.WidenE4M3(Quire.Tensors.Float8.RoundE4M3(Magnitude(from, count) / 6 * scheme.Scale));
        float scale = code / scheme.Scale;
        for (int k = 0; k < count; k++) to[k] = scale > 0 ? NearestE2M1(from[k] / scale) * scale : scale;
    }

    // Steps of a half up to 2, of 1 up to 4, of 2 up to 6; a tie goes to the even code, which halving twice is too.
    private static float NearestE2M1(float value)
    {
        float magnitude = Math.Abs(value);
        float rounded = magnitude <= 2 ? MathF.Round(magnitude * 2) / 2 : magnitude <= 4 ? MathF.Round(magnitude) : Math.Min(6, MathF.Round(magnitude / 2) * 2);
        return MathF.CopySign(rounded, value);
    }

    private static float Magnitude(float* values, int count)
    {
        (float low, float high) = Range(values, count);
        return Math.Max(high, -low);
    }

    private static (float Low, float High) Range(float* values, int count)
    {
        float low = values[0], high = values[0];
        for (int k = 1; k < count; k++) (low, high) = (Math.Min(low, values[k]), Math.Max(high, values[k]));
        return (low, high);
    }

    private static T Load(float* from, int left, float* rest)
    {
        if (left >= 16) return T.Load(from);
        for (int i = 0; i < 16; i++) rest[i] = i < left ? from[i] : 0;
        return T.Load(rest);
    }

    private static void Store(float* to, int left, T value, float* rest)
    {
        if (left >= 16)
        {
            T.Store(to, value);
            return;
        }
        T.Store(rest, value);
        for (int i = 0; i < left; i++) to[i] = rest[i];
    }
}

/// <summary>output[row][i] = input[row][order[i]]. One item is one row.</summary>
internal readonly unsafe struct InputReordering(float* input, float* output, int columns, int* order) : IJob
{
    public void Run(int item, int worker)
    {
        float* from = input + ((long)item * columns), to = output + ((long)item * columns);
        for (int k = 0; k < columns; k++) to[k] = from[order[k]];
    }
}
