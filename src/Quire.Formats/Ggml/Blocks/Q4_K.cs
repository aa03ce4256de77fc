using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 8 groups of 32: float16 scales of scales and minima, <see cref="KScales"/>, then 128 bytes of nibbles, the low ones of 32
/// bytes before the high ones.
/// </summary>
internal readonly struct Q4_K : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q4_K;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        float minimum = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        ReadOnlySpan<byte> scales = block[4..16], nibbles = block[16..];
        for (int group = 0; group < 8; group++)
        {
            float groupScale = scale * KScales.Scale(scales, group), groupMinimum = minimum * KScales.Minimum(scales, group);
            ReadOnlySpan<byte> source = nibbles.Slice(group / 2 * 32, 32);
            Span<float> target = values.Slice(group * 32, 32);
            int shift = group % 2 * 4;
            for (int i = 0; i < 32; i++) target[i] = (groupScale * ((source[i] >> shift) & 15)) - groupMinimum;
        }
    }
}
