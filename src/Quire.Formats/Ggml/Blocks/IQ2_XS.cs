using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: a float16 scale, 32 words with an index of 8 values (9 bits) and seven signs each, then a byte for every two
/// groups' 4-bit scales.
/// </summary>
internal readonly struct IQ2_XS : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ2_XS;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 16, DType.F32) { Levels = IqGrids.Iq2Xs.Levels };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> words = block[2..66], parts = block[66..];
        for (int i = 0; i < 16; i++) scales[i] = scale * (0.5f + (parts[i / 2] >> (i % 2 * 4) & 15)) * 0.25f;
        for (int i = 0; i < 32; i++)
        {
            int word = BinaryPrimitives.ReadUInt16LittleEndian(words[(i * 2)..]);
            IqSigns.Apply(IqGrids.Iq2Xs[word & 511], IqSigns.Even(word >> 9), codes.Slice(i * 8, 8));
        }
    }
}
