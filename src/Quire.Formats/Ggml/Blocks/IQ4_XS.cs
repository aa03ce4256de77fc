using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 8 groups of 32: a float16 scale, 6-bit scales (32 too high) as a word of upper pairs and 4 bytes of nibbles, then groups
/// as in <see cref="IQ4_NL"/>.
/// </summary>
internal readonly struct IQ4_XS : IBlockFormat
{
    public static GgmlType Type => GgmlType.IQ4_XS;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        int upper = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        ReadOnlySpan<byte> lower = block[4..8], nibbles = block[8..];
        for (int group = 0; group < 8; group++)
        {
            int code = ((lower[group / 2] >> (group % 2 * 4)) & 15) | ((upper >> (group * 2)) & 3) << 4;
            float groupScale = scale * (code - 32);
            ReadOnlySpan<byte> source = nibbles.Slice(group * 16, 16);
            Span<float> target = values.Slice(group * 32, 32);
            for (int i = 0; i < 16; i++)
            {
                target[i] = groupScale * Iq4Levels.Values[source[i] & 15];
                target[i + 16] = groupScale * Iq4Levels.Values[source[i] >> 4];
            }
        }
    }
}
