using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 32 values: a float16 scale, then 16 bytes; byte i holds value i in its low and value i + 16 in its high nibble, 8 too high.
/// </summary>
internal readonly struct Q4_0 : IRoundingFormat
{
    public static GgmlType Type => GgmlType.Q4_0;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> nibbles = block[2..];
        for (int i = 0; i < 16; i++)
        {
            values[i] = ((nibbles[i] & 15) - 8) * scale;
            values[i + 16] = ((nibbles[i] >> 4) - 8) * scale;
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> block)
    {
        // The value farthest from zero becomes -8, the end of the codes that lies farther out.
        float farthest = 0;
        foreach (float value in values)
            if (Math.Abs(value) > Math.Abs(farthest)) farthest = value;
        float scale = farthest / -8, inverse = scale == 0 ? 0 : 1 / scale;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        for (int i = 0; i < 16; i++) block[2 + i] = (byte)(Code(values[i]) | (Code(values[i + 16]) << 4));

        int Code(float value) => Math.Min(15, (int)((value * inverse) + 8.5f));
    }
}
