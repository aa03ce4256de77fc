using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: 32 bytes with the low eight bits of an index of 8 values, 16 bytes with a nibble for each (upper three bits, and
/// whether its values move down), then four words of four 3-bit scales each; the words' top nibbles are the float16 scale.
/// </summary>
internal readonly struct IQ1_M : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ1_M;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 16, DType.F32) { Levels = Iq1Shift.Levels };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        ReadOnlySpan<byte> lower = block[..32], nibbles = block[32..48];
        ulong parts = BinaryPrimitives.ReadUInt64LittleEndian(block[48..]);
        float scale = (float)BitConverter.UInt16BitsToHalf(
            (ushort)((parts >> 12 & 0xF) | (parts >> 24 & 0xF0) | (parts >> 36 & 0xF00) | (parts >> 48 & 0xF000)));
        for (int group = 0; group < 16; group++) scales[group] = scale * (1 + (2 * (int)(parts >> ((group / 4 * 16) + (group % 4 * 3)) & 7))) * Iq1Shift.Eighth;
        for (int i = 0; i < 32; i++)
        {
            int nibble = nibbles[i / 2] >> (i % 2 * 4) & 15;
            Iq1Shift.Apply(lower[i] | (nibble & 7) << 8, down: nibble > 7, codes.Slice(i * 8, 8));
        }
    }
}
