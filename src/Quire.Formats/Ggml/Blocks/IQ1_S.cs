using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values in 8 groups of 32: a float16 scale, 32 bytes with the low eight bits of an index of 8 values, then a word a group: four times
/// an index's upper three bits, a 3-bit scale, and whether values move down.
/// </summary>
internal readonly struct IQ1_S : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ1_S;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 32, DType.F32) { Levels = Iq1Shift.Levels };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        ReadOnlySpan<byte> lower = block[2..34], words = block[34..];
        for (int i = 0; i < 32; i++)
        {
            int word = BinaryPrimitives.ReadUInt16LittleEndian(words[(i / 4 * 2)..]);
            int index = lower[i] | (word >> (i % 4 * 3) & 7) << 8;
            scales[i / 4] = scale * (1 + (2 * (word >> 12 & 7))) * Iq1Shift.Eighth;
            Iq1Shift.Apply(index, down: word >> 15 != 0, codes.Slice(i * 8, 8));
        }
    }
}
