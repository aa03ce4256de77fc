using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: a float16 scale, 32 words with an index of 8 values (9 bits) and seven signs each, then a byte for every two
/// groups' 4-bit scales.
/// </summary>
internal readonly struct IQ2_XS : IBlockFormat
{
    public static GgmlType Type => GgmlType.IQ2_XS;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> words = block[2..66], scales = block[66..];
        for (int i = 0; i < 32; i++)
        {
            int word = BinaryPrimitives.ReadUInt16LittleEndian(words[(i * 2)..]), group = i / 2;
            float groupScale = scale * (0.5f + (scales[group / 2] >> (group % 2 * 4) & 15)) * 0.25f;
            IqSigns.Apply(IqGrids.Iq2Xs[word & 511], IqSigns.Even(word >> 9), groupScale, values.Slice(i * 8, 8));
        }
    }
}
