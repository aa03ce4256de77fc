using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 32 values: a float16 scale, then 16 bytes; byte i holds value i in its low and value i + 16 in its high nibble, 8 too high.
/// </summary>
internal readonly struct Q4_0 : IBlockFormat
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
}
