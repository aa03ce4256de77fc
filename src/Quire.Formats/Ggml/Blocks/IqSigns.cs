using System.Numerics;

namespace Quire.Formats;

/// <summary>The signs of IQ values, kept apart from their magnitudes: bit i negates value i.</summary>
internal static class IqSigns
{
    /// <summary>Eight signs from seven bits: the number of negated values is even.</summary>
    public static int Even(int seven) => seven | (BitOperations.PopCount((uint)seven) & 1) << 7;

    /// <param name="magnitudes">As many as <paramref name="values"/>, at most eight.</param>
    public static void Apply(ReadOnlySpan<sbyte> magnitudes, int signs, float scale, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (signs >> i & 1) == 0 ? scale * magnitudes[i] : -(scale * magnitudes[i]);
    }
}
