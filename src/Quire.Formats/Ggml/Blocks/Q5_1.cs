using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>32 values: float16 scale and minimum, a word with every value's fifth bit, then nibbles as in <see cref="Q4_1"/>.</summary>
internal readonly struct Q5_1 : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q5_1;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        float minimum = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        ReadOnlySpan<byte> nibbles = block[8..];
        for (int i = 0; i < 16; i++)
        {
            int low = (nibbles[i] & 15) | (int)((fifth >> i) & 1) << 4;
            int high = (nibbles[i] >> 4) | (int)((fifth >> (i + 16)) & 1) << 4;
            values[i] = (low * scale) + minimum;
            values[i + 16] = (high * scale) + minimum;
        }
    }
}
