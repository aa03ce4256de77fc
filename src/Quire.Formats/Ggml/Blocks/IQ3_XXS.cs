using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values in 8 groups of 32: a float16 scale, 64 indices of 4 values, then a word a group: four times seven signs and a 4-bit scale.
/// </summary>
internal readonly struct IQ3_XXS : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ3_XXS;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 32, DType.F32) { Levels = IqGrids.Iq3Xxs.Levels };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> indices = block[2..66], words = block[66..];
        for (int group = 0; group < 8; group++)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(words[(group * 4)..]);
            scales[group] = scale * (0.5f + (word >> 28)) * 0.5f;
            for (int i = 0; i < 8; i++)
            {
                int signs = IqSigns.Even((int)(word >> (i / 2 * 7)) & 127) >> (i % 2 * 4);
                int vector = (group * 8) + i;
                IqSigns.Apply(IqGrids.Iq3Xxs[indices[vector]], signs, codes.Slice(vector * 4, 4));
            }
        }
    }
}
