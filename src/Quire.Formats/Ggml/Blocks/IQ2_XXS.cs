using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values in 8 groups of 32: a float16 scale, then 8 bytes a group: four indices of 8 values, and a word of four times seven signs and a
/// 4-bit scale.
/// </summary>
internal readonly struct IQ2_XXS : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ2_XXS;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 32, DType.F32) { Levels = IqGrids.Iq2Xxs.Levels };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int group = 0; group < 8; group++)
        {
            ReadOnlySpan<byte> indices = block.Slice(2 + (group * 8), 4);
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(block[(6 + (group * 8))..]);
            scales[group] = scale * (0.5f + (word >> 28)) * 0.25f;
            for (int i = 0; i < 4; i++)
                IqSigns.Apply(IqGrids.Iq2Xxs[indices[i]], IqSigns.Even((int)(word >> (i * 7)) & 127), codes.Slice((group * 32) + (i * 8), 8));
        }
    }
}
