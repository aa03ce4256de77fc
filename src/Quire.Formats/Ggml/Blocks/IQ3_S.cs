using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values in 8 groups of 32: a float16 scale, 64 bytes with the low eight bits of an index of 4 values, 8 bytes with the ninth ones, 32
/// bytes of signs, then a byte for every two groups' 4-bit scales.
/// </summary>
internal readonly struct IQ3_S : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ3_S;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 32, DType.F32) { Levels = IqGrids.Iq3S.Levels };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> lower = block[2..66], ninth = block[66..74], signs = block[74..106], parts = block[106..];
        for (int group = 0; group < 8; group++) scales[group] = scale * (1 + (2 * (parts[group / 2] >> (group % 2 * 4) & 15)));
        for (int i = 0; i < 64; i++)
        {
            int index = lower[i] | (ninth[i / 8] >> (i % 8) & 1) << 8;
            IqSigns.Apply(IqGrids.Iq3S[index], signs[i / 2] >> (i % 2 * 4), codes.Slice(i * 4, 4));
        }
    }
}
