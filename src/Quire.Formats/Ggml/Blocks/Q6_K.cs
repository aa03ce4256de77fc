using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales, a float16 scale; codes are 32 too
/// high.
/// </summary>
internal readonly struct Q6_K : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q6_K;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> nibbles = block[..128], pairs = block[128..192], scales = block[192..208];
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block[208..]);
        for (int group = 0; group < 16; group++)
        {
            float groupScale = scale * (sbyte)scales[group];
            // Half a block is four quarters of 32: quarters 0 and 1 are the low nibbles of 64 bytes, 2 and 3 the high ones; pairs go by
            // quarter.
            int half = group / 8, quarter = group % 8 / 2, odd = group % 2 * 16;
            ReadOnlySpan<byte> source = nibbles.Slice((half * 64) + (quarter % 2 * 32) + odd, 16), upper = pairs.Slice((half * 32) + odd, 16);
            Span<float> target = values.Slice(group * 16, 16);
            int shift = quarter / 2 * 4;
            for (int i = 0; i < 16; i++)
            {
                int code = ((source[i] >> shift) & 15) | ((upper[i] >> (quarter * 2)) & 3) << 4;
                target[i] = groupScale * (code - 32);
            }
        }
    }
}
