using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: per group a byte with a 4-bit scale and a 4-bit minimum, 64 bytes of 2-bit codes, then the float16 scales of
/// scales and minima.
/// </summary>
internal readonly struct Q2_K : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q2_K;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> groups = block[..16], codes = block[16..80];
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block[80..]);
        float minimum = (float)BinaryPrimitives.ReadHalfLittleEndian(block[82..]);
        for (int group = 0; group < 16; group++)
        {
            float groupScale = scale * (groups[group] & 15), groupMinimum = minimum * (groups[group] >> 4);
            // 32 bytes carry 128 values: byte b holds values b, b + 32, b + 64, b + 96 in its bit pairs.
            ReadOnlySpan<byte> source = codes.Slice((group / 8 * 32) + (group % 2 * 16), 16);
            Span<float> target = values.Slice(group * 16, 16);
            int shift = group % 8 / 2 * 2;
            for (int i = 0; i < 16; i++) target[i] = (groupScale * ((source[i] >> shift) & 3)) - groupMinimum;
        }
    }
}
