using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Gating;

/// <summary>An activation of sixteen numbers, as a type: loops are compiled for each, with the function inside.</summary>
internal interface IActivationFunction<T>
    where T : unmanaged, ILanes<T>
{
    static abstract T Of(T x);
}

internal readonly struct Silu<T> : IActivationFunction<T>
    where T : unmanaged, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T x) => LaneMath.Silu(x);
}

internal readonly struct GeluTanh<T> : IActivationFunction<T>
    where T : unmanaged, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T x) => LaneMath.GeluTanh(x);
}

internal readonly struct Gelu<T> : IActivationFunction<T>
    where T : unmanaged, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T x) => LaneMath.Gelu(x);
}

internal readonly struct Relu<T> : IActivationFunction<T>
    where T : unmanaged, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T x) => T.Max(x, T.Zero);
}

internal readonly struct ReluSquared<T> : IActivationFunction<T>
    where T : unmanaged, ILanes<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T x) => T.Max(x, T.Zero) * T.Max(x, T.Zero);
}
