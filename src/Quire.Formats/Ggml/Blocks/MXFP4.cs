namespace Quire.Formats;

/// <summary>
/// 32 values: the exponent of a power of two (bias 127), then nibbles in the order of <see cref="Q4_0"/> that are <see cref="E2M1"/>
/// numbers.
/// </summary>
internal readonly struct MXFP4 : IBlockFormat
{
    public static GgmlType Type => GgmlType.MXFP4;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        // Half of 2^(e - 127); the two smallest are subnormal.
        int exponent = block[0];
        float scale = BitConverter.Int32BitsToSingle(exponent < 2 ? 0x00200000 << exponent : (exponent - 1) << 23);
        ReadOnlySpan<byte> nibbles = block[1..];
        for (int i = 0; i < 16; i++)
        {
            values[i] = E2M1.Doubled[nibbles[i] & 15] * scale;
            values[i + 16] = E2M1.Doubled[nibbles[i] >> 4] * scale;
        }
    }
}
