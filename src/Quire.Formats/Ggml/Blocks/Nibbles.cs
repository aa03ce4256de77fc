namespace Quire.Formats;

/// <summary>Codes of 4 bits, two in a byte.</summary>
internal static class Nibbles
{
    /// <summary>Low nibbles are the first half of the codes, high ones the second.</summary>
    public static void Split(ReadOnlySpan<byte> bytes, Span<byte> codes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            codes[i] = (byte)(bytes[i] & 15);
            codes[bytes.Length + i] = (byte)(bytes[i] >> 4);
        }
    }
}
