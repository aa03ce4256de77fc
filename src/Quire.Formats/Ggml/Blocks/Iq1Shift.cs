namespace Quire.Formats;

/// <summary>The values of <see cref="IQ1_S"/> and <see cref="IQ1_M"/>: -1, 0 and 1, all moved an eighth up or down. They are counted in eighths; users divide their scale instead.</summary>
internal static class Iq1Shift
{
    public const float Eighth = 0.125f;
    private const int Down = 8;

    /// <summary>Moved up, and from <see cref="Down"/> on moved down.</summary>
    public static readonly float[] Levels = [-7, 1, 9, 0, 0, 0, 0, 0, -9, -1, 7, 0, 0, 0, 0, 0];

    /// <param name="codes">Eight.</param>
    public static void Apply(int index, bool down, Span<byte> codes)
    {
        ReadOnlySpan<byte> point = IqGrids.Iq1[index];
        for (int i = 0; i < 8; i++) codes[i] = (byte)(point[i] + (down ? Down : 0));
    }
}
