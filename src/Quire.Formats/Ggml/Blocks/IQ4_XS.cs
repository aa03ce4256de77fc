using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values in 8 groups of 32: a float16 scale, 6-bit scales (32 too high) as a word of upper pairs and 4 bytes of nibbles, then groups
/// as in <see cref="IQ4_NL"/>.
/// </summary>
internal readonly struct IQ4_XS : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ4_XS;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 32, DType.F32) { Levels = Iq4Levels.Values };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        int upper = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        ReadOnlySpan<byte> lower = block[4..8], nibbles = block[8..];
        for (int group = 0; group < 8; group++)
        {
            int code = ((lower[group / 2] >> (group % 2 * 4)) & 15) | ((upper >> (group * 2)) & 3) << 4;
            scales[group] = scale * (code - 32);
            Nibbles.Split(nibbles.Slice(group * 16, 16), codes.Slice(group * 32, 32));
        }
    }
}
