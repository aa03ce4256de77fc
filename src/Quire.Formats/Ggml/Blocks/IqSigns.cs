using System.Numerics;

namespace Quire.Formats;

/// <summary>The signs of IQ values, kept apart from their magnitudes: bit i negates value i.</summary>
internal static class IqSigns
{
    /// <summary>Eight signs from seven bits: the number of negated values is even.</summary>
    public static int Even(int seven) => seven | (BitOperations.PopCount((uint)seven) & 1) << 7;

    /// <param name="magnitudes">As many as <paramref name="codes"/>, at most eight.</param>
    /// <param name="codes">Of <see cref="IqGrid.Levels"/>.</param>
    public static void Apply(ReadOnlySpan<byte> magnitudes, int signs, Span<byte> codes)
    {
        for (int i = 0; i < codes.Length; i++) codes[i] = (byte)(magnitudes[i] + ((signs >> i & 1) * IqGrid.Negative));
    }
}
