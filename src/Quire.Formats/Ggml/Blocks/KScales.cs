namespace Quire.Formats;

/// <summary>The 12 bytes of <see cref="Q4_K"/> and <see cref="Q5_K"/> that hold 8 scales and 8 minima of 6 bits each.</summary>
/// <remarks>Groups 0..3: scale in the low six bits of byte g, minimum in those of byte g + 4. Groups 4..7: the low four bits of both share
/// byte g + 4, their upper two bits are the upper two of bytes g - 4 and g.</remarks>
internal static class KScales
{
    public static int Scale(ReadOnlySpan<byte> bytes, int group) => group < 4
        ? bytes[group] & 63
        : (bytes[group + 4] & 15) | bytes[group - 4] >> 6 << 4;

    public static int Minimum(ReadOnlySpan<byte> bytes, int group) => group < 4
        ? bytes[group + 4] & 63
        : bytes[group + 4] >> 4 | bytes[group] >> 6 << 4;
}
