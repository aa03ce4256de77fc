using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 8 groups of 32: a float16 scale, 64 bytes with the low eight bits of an index of 4 values, 8 bytes with the ninth ones, 32
/// bytes of signs, then a byte for every two groups' 4-bit scales.
/// </summary>
internal readonly struct IQ3_S : IBlockFormat
{
    public static GgmlType Type => GgmlType.IQ3_S;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> lower = block[2..66], ninth = block[66..74], signs = block[74..106], scales = block[106..];
        for (int i = 0; i < 64; i++)
        {
            int index = lower[i] | (ninth[i / 8] >> (i % 8) & 1) << 8, group = i / 8;
            float groupScale = scale * (1 + (2 * (scales[group / 2] >> (group % 2 * 4) & 15)));
            IqSigns.Apply(IqGrids.Iq3S[index], signs[i / 2] >> (i % 2 * 4), groupScale, values.Slice(i * 4, 4));
        }
    }
}
