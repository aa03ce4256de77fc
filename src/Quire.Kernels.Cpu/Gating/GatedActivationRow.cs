using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Gating;

/// <summary>Activations of one row, with a gate or without.</summary>
internal static unsafe class GatedActivationRow<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>output = activation(gate) * up.</summary>
    public static void Apply(float* output, float* gate, float* up, int columns, Activation activation)
    {
        switch (activation)
        {
            case Activation.Silu:
                Apply<Silu<T>>(output, gate, up, columns);
                break;
            case Activation.GeluTanh:
                Apply<GeluTanh<T>>(output, gate, up, columns);
                break;
            case Activation.Gelu:
                Apply<Gelu<T>>(output, gate, up, columns);
                break;
            case Activation.Relu:
                Apply<Relu<T>>(output, gate, up, columns);
                break;
            default:
                Apply<ReluSquared<T>>(output, gate, up, columns);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TFunction>(float* output, float* gate, float* up, int columns) where TFunction : struct, IActivationFunction<T>
    {
        int column = 0;
        for (; column + 16 <= columns; column += 16)
            T.Store(output + column, TFunction.Of(T.Load(gate + column)) * T.Load(up + column));
        if (column == columns) return;
        // The remainder runs through the same lanes, so that a column's bits do not depend on where the row ends.
        float* rest = stackalloc float[16];
        for (int i = column; i < columns; i++) rest[i - column] = gate[i];
        T.Store(rest, TFunction.Of(T.Load(rest)));
        for (int i = column; i < columns; i++) output[i] = rest[i - column] * up[i];
    }

    /// <summary><see cref="Activation.ClampedSwiglu"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ApplyClamped(float* output, float* gate, float* up, int columns, float limit)
    {
        float* rest = stackalloc float[32];
        for (int column = 0; column < columns; column += 16)
        {
            int count = Math.Min(16, columns - column);
            if (count == 16)
            {
                T.Store(output + column, Clamped(T.Load(gate + column), T.Load(up + column), limit));
                continue;
            }
            for (int i = 0; i < 16; i++) (rest[i], rest[16 + i]) = i < count ? (gate[column + i], up[column + i]) : (0, 0);
            T.Store(rest, Clamped(T.Load(rest), T.Load(rest + 16), limit));
            for (int i = 0; i < count; i++) output[column + i] = rest[i];
        }
    }

    // Clamped to the limit from above alone; NaN goes through as the second operand.
    private static T Clamped(T gate, T up, float limit)
    {
        T high = T.Broadcast(limit), one = T.Broadcast(1f);
        gate = T.Min(high, gate);
        up = T.Min(high, T.Max(T.Broadcast(-limit), up));
        return (up + one) * (gate / (one + LaneMath.Exp(T.Zero - (gate * T.Broadcast(1.702f)))));
    }

    /// <summary>Every value x becomes activation(x).</summary>
    public static void Apply(float* values, int columns, Activation activation)
    {
        switch (activation)
        {
            case Activation.Silu:
                Apply<Silu<T>>(values, columns);
                break;
            case Activation.GeluTanh:
                Apply<GeluTanh<T>>(values, columns);
                break;
            case Activation.Gelu:
                Apply<Gelu<T>>(values, columns);
                break;
            case Activation.Relu:
                Apply<Relu<T>>(values, columns);
                break;
            default:
                Apply<ReluSquared<T>>(values, columns);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TFunction>(float* values, int columns) where TFunction : struct, IActivationFunction<T>
    {
        int column = 0;
        for (; column + 16 <= columns; column += 16) T.Store(values + column, TFunction.Of(T.Load(values + column)));
        if (column == columns) return;
        float* rest = stackalloc float[16];
        for (int i = column; i < columns; i++) rest[i - column] = values[i];
        T.Store(rest, TFunction.Of(T.Load(rest)));
        for (int i = column; i < columns; i++) values[i] = rest[i - column];
    }
}
