using System.Runtime.CompilerServices;

namespace Quire.Kernels.Cpu.Simd;

/// <summary>Functions of sixteen lanes, built from multiply-add alone so that every instruction set gives the same bits.</summary>
internal static class LaneMath
{
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest whole number.
    private const float RoundingMagic = 12582912f;

    /// <summary>e^x to about 1 ulp for x in [-87, 88]; arguments outside are clamped to that range.</summary>
    /// <remarks>x = n ln 2 + r with |r| at most ln 2 / 2, ln 2 in two parts (Cody and Waite); e^r by a polynomial of degree 6 (minimax, Cephes expf).</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x) where T : unmanaged, ILanes<T>
    {
        x = T.Min(T.Max(x, T.Broadcast(-87f)), T.Broadcast(88f));
        T n = (T.Fma(x, T.Broadcast(1.44269504f), T.Broadcast(RoundingMagic))) - T.Broadcast(RoundingMagic);
        T r = T.Fma(n, T.Broadcast(-0.693359375f), x);
        r = T.Fma(n, T.Broadcast(2.12194440e-4f), r);
        T p = T.Broadcast(1.9875691500e-4f);
        p = T.Fma(p, r, T.Broadcast(1.3981999507e-3f));
        p = T.Fma(p, r, T.Broadcast(8.3334519073e-3f));
        p = T.Fma(p, r, T.Broadcast(4.1665795894e-2f));
        p = T.Fma(p, r, T.Broadcast(1.6666665459e-1f));
        p = T.Fma(p, r, T.Broadcast(5.0000001201e-1f));
        p = T.Fma(p, r * r, r + T.Broadcast(1f));
        return T.Scale(p, n);
    }

    /// <summary>x / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Silu<T>(T x) where T : unmanaged, ILanes<T> => x / (T.Broadcast(1f) + Exp(T.Zero - x));

    /// <summary>cap tanh(x / cap), by tanh(y) = 1 - 2 / (e^2y + 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Cap<T>(T x, float cap) where T : unmanaged, ILanes<T> =>
        T.Broadcast(cap) - (T.Broadcast(2 * cap) / (Exp(x * T.Broadcast(2 / cap)) + T.Broadcast(1f)));

    /// <summary>x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, by tanh(y) = 1 - 2 / (e^2y + 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T GeluTanh<T>(T x) where T : unmanaged, ILanes<T>
    {
        T inner = x * T.Fma(T.Broadcast(0.044715f) * x, x, T.Broadcast(1f));
        T e = Exp(inner * T.Broadcast(2f * 0.7978845608f));
        return x - (x / (e + T.Broadcast(1f)));
    }

    /// <summary>x Φ(x) = max(x, 0) - |x| erfc(|x| / sqrt 2) / 2: nothing cancels for negative x.</summary>
    /// <remarks>erfc(z) = t e^(-z² + p(t)) with t = 1 / (1 + z / 2), to 1.2e-7 of itself (Chebyshev fit, Press et al., erfcc).</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Gelu<T>(T x) where T : unmanaged, ILanes<T>
    {
        T size = T.Max(x, T.Zero - x), z = size * T.Broadcast(0.70710678f);
        T t = T.Broadcast(1f) / T.Fma(z, T.Broadcast(0.5f), T.Broadcast(1f));
        T p = T.Broadcast(0.17087277f);
        p = T.Fma(p, t, T.Broadcast(-0.82215223f));
        p = T.Fma(p, t, T.Broadcast(1.48851587f));
        p = T.Fma(p, t, T.Broadcast(-1.13520398f));
        p = T.Fma(p, t, T.Broadcast(0.27886807f));
        p = T.Fma(p, t, T.Broadcast(-0.18628806f));
        p = T.Fma(p, t, T.Broadcast(0.09678418f));
        p = T.Fma(p, t, T.Broadcast(0.37409196f));
        p = T.Fma(p, t, T.Broadcast(1.00002368f));
        p = T.Fma(p, t, T.Broadcast(-1.26551223f));
        T tail = t * Exp(p - (z * z));
        return T.Max(x, T.Zero) - (T.Broadcast(0.5f) * size * tail);
    }
}
