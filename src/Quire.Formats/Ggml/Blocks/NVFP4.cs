namespace Quire.Formats;

/// <summary>
/// 64 values in 4 groups of 16: four unsigned E4M3 scales, then 8 bytes a group, byte i with values i (low nibble) and i + 8 as
/// <see cref="E2M1"/> numbers.
/// </summary>
internal readonly struct NVFP4 : IBlockFormat
{
    public static GgmlType Type => GgmlType.NVFP4;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        for (int group = 0; group < 4; group++)
        {
            float scale = HalfScale(block[group]);
            ReadOnlySpan<byte> nibbles = block.Slice(4 + (group * 8), 8);
            Span<float> target = values.Slice(group * 16, 16);
            for (int i = 0; i < 8; i++)
            {
                target[i] = E2M1.Doubled[nibbles[i] & 15] * scale;
                target[i + 8] = E2M1.Doubled[nibbles[i] >> 4] * scale;
            }
        }
    }

    /// <summary>Half the scale. The codes of zero and NaN are zero; the sign bit has no meaning.</summary>
    private static float HalfScale(byte code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        if ((code & 0x7F) is 0 or 0x7F) return 0;
        return exponent == 0 ? mantissa / 1024f : BitConverter.Int32BitsToSingle(((exponent + 119) << 23) | (mantissa << 20));
    }
}
