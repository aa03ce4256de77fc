namespace Quire.Formats;

/// <summary>The 16 uneven levels of <see cref="IQ4_NL"/> and <see cref="IQ4_XS"/>.</summary>
internal static class Iq4Levels
{
    public static readonly float[] Values = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
}
