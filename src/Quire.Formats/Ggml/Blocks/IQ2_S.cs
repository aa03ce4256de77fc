using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: a float16 scale, 32 bytes with the low eight bits of an index of 8 values, 32 bytes of signs, 8 bytes with the
/// indices' upper bit pairs, then a byte for every two groups' 4-bit scales.
/// </summary>
internal readonly struct IQ2_S : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ2_S;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 16, DType.F32) { Levels = IqGrids.Iq2S.Levels };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> lower = block[2..34], signs = block[34..66], upper = block[66..74], parts = block[74..];
        for (int i = 0; i < 16; i++) scales[i] = scale * (0.5f + (parts[i / 2] >> (i % 2 * 4) & 15)) * 0.25f;
        for (int i = 0; i < 32; i++)
        {
            int index = lower[i] | (upper[i / 4] >> (i % 4 * 2) & 3) << 8;
            IqSigns.Apply(IqGrids.Iq2S[index], signs[i], codes.Slice(i * 8, 8));
        }
    }
}
