using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values of -1, 0, 1: five to a byte for the first 240 (runs of 32 bytes, then of 16), four to a byte for the rest; then a float16
/// scale.
/// </summary>
internal readonly struct TQ1_0 : IBlockFormat
{
    public static GgmlType Type => GgmlType.TQ1_0;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block[52..]);
        Unpack(block[..32], 5, scale, values[..160]);
        Unpack(block[32..48], 5, scale, values[160..240]);
        Unpack(block[48..52], 4, scale, values[240..]);
    }

    /// <summary>
    /// A byte is a fraction of 256 in base three: multiplying by three (modulo 256) moves the next digit up, and the digit is what
    /// overflows.
    /// </summary>
    private static void Unpack(ReadOnlySpan<byte> bytes, int digits, float scale, Span<float> values)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            byte fraction = bytes[i];
            for (int digit = 0; digit < digits; digit++)
            {
                values[(digit * bytes.Length) + i] = ((fraction * 3 >> 8) - 1) * scale;
                fraction = (byte)(fraction * 3);
            }
        }
    }
}
