using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: 32 bytes with every value's third bit (clear means minus 4), 64 bytes of 2-bit codes, 16 scales of 6 bits (32
/// too high), a float16 scale.
/// </summary>
internal readonly struct Q3_K : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q3_K;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> third = block[..32], codes = block[32..96], scales = block[96..108];
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block[108..]);
        for (int group = 0; group < 16; group++)
        {
            // The low four bits of scales 0..7 are the low nibbles, of 8..15 the high nibbles of bytes 0..7; bytes 8..11 hold the upper two
            // bits.
            int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
            int high = (scales[8 + (group % 4)] >> (group / 4 * 2)) & 3;
            float groupScale = scale * ((low | high << 4) - 32);

            ReadOnlySpan<byte> source = codes.Slice((group / 8 * 32) + (group % 2 * 16), 16), bits = third.Slice(group % 2 * 16, 16);
            Span<float> target = values.Slice(group * 16, 16);
            int shift = group % 8 / 2 * 2, bit = group / 2;
            for (int i = 0; i < 16; i++)
                target[i] = groupScale * (((source[i] >> shift) & 3) - (((bits[i] >> bit) & 1) == 0 ? 4 : 0));
        }
    }
}
