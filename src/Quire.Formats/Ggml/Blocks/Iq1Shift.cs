namespace Quire.Formats;

/// <summary>The values of <see cref="IQ1_S"/> and <see cref="IQ1_M"/>: -1, 0 and 1, all moved an eighth up or down.</summary>
internal static class Iq1Shift
{
    /// <param name="values">Eight.</param>
    public static void Apply(int index, bool down, float scale, Span<float> values)
    {
        ReadOnlySpan<sbyte> point = IqGrids.Iq1[index];
        float shift = down ? -0.125f : 0.125f;
        for (int i = 0; i < 8; i++) values[i] = scale * (point[i] + shift);
    }
}
