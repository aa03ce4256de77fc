using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>32 values: a float16 scale, then nibbles in the order of <see cref="Q4_0"/> that choose from <see cref="Iq4Levels"/>.</summary>
internal readonly struct IQ4_NL : IBlockFormat
{
    public static GgmlType Type => GgmlType.IQ4_NL;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> nibbles = block[2..];
        for (int i = 0; i < 16; i++)
        {
            values[i] = scale * Iq4Levels.Values[nibbles[i] & 15];
            values[i + 16] = scale * Iq4Levels.Values[nibbles[i] >> 4];
        }
    }
}
