using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: a float16 scale, 32 bytes with the low eight bits of an index of 8 values, 32 bytes of signs, 8 bytes with the
/// indices' upper bit pairs, then a byte for every two groups' 4-bit scales.
/// </summary>
internal readonly struct IQ2_S : IBlockFormat
{
    public static GgmlType Type => GgmlType.IQ2_S;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> lower = block[2..34], signs = block[34..66], upper = block[66..74], scales = block[74..];
        for (int i = 0; i < 32; i++)
        {
            int index = lower[i] | (upper[i / 4] >> (i % 4 * 2) & 3) << 8, group = i / 2;
            float groupScale = scale * (0.5f + (scales[group / 2] >> (group % 2 * 4) & 15)) * 0.25f;
            IqSigns.Apply(IqGrids.Iq2S[index], signs[i], groupScale, values.Slice(i * 8, 8));
        }
    }
}
