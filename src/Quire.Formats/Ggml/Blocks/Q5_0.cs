using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>32 values: a float16 scale, a word with every value's fifth bit, then nibbles as in <see cref="Q4_0"/>; 16 too high.</summary>
internal readonly struct Q5_0 : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q5_0;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        ReadOnlySpan<byte> nibbles = block[6..];
        for (int i = 0; i < 16; i++)
        {
            int low = (nibbles[i] & 15) | (int)((fifth >> i) & 1) << 4;
            int high = (nibbles[i] >> 4) | (int)((fifth >> (i + 16)) & 1) << 4;
            values[i] = (low - 16) * scale;
            values[i + 16] = (high - 16) * scale;
        }
    }
}
