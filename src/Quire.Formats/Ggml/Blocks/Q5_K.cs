using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// <see cref="Q4_K"/> with 32 bytes before the nibbles that hold the values' fifth bits: bit g of byte i belongs to value i of group g.
/// </summary>
internal readonly struct Q5_K : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q5_K;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        float minimum = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        ReadOnlySpan<byte> scales = block[4..16], fifth = block[16..48], nibbles = block[48..];
        for (int group = 0; group < 8; group++)
        {
            float groupScale = scale * KScales.Scale(scales, group), groupMinimum = minimum * KScales.Minimum(scales, group);
            ReadOnlySpan<byte> source = nibbles.Slice(group / 2 * 32, 32);
            Span<float> target = values.Slice(group * 32, 32);
            int shift = group % 2 * 4;
            for (int i = 0; i < 32; i++)
            {
                int code = ((source[i] >> shift) & 15) | ((fifth[i] >> group) & 1) << 4;
                target[i] = (groupScale * code) - groupMinimum;
            }
        }
    }
}
