using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 32 values: float16 scale and minimum, then 16 bytes; byte i holds value i in its low and value i + 16 in its high nibble.
/// </summary>
internal readonly struct Q4_1 : IRoundingFormat
{
    public static GgmlType Type => GgmlType.Q4_1;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        float minimum = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        ReadOnlySpan<byte> nibbles = block[4..];
        for (int i = 0; i < 16; i++)
        {
            values[i] = ((nibbles[i] & 15) * scale) + minimum;
            values[i + 16] = ((nibbles[i] >> 4) * scale) + minimum;
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> block)
    {
        float minimum = float.MaxValue, maximum = float.MinValue;
        foreach (float value in values) (minimum, maximum) = (Math.Min(minimum, value), Math.Max(maximum, value));
        float scale = (maximum - minimum) / 15, inverse = scale == 0 ? 0 : 1 / scale;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], (Half)minimum);
        for (int i = 0; i < 16; i++) block[4 + i] = (byte)(Code(values[i]) | (Code(values[i + 16]) << 4));

        int Code(float value) => Math.Min(15, (int)(((value - minimum) * inverse) + 0.5f));
    }
}
