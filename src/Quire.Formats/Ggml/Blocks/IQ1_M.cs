using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values in 16 groups: 32 bytes with the low eight bits of an index of 8 values, 16 bytes with a nibble for each (upper three bits, and
/// whether its values move down), then four words of four 3-bit scales each; the words' top nibbles are the float16 scale.
/// </summary>
internal readonly struct IQ1_M : IBlockFormat
{
    public static GgmlType Type => GgmlType.IQ1_M;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> lower = block[..32], nibbles = block[32..48];
        ulong scales = BinaryPrimitives.ReadUInt64LittleEndian(block[48..]);
        float scale = (float)BitConverter.UInt16BitsToHalf(
            (ushort)((scales >> 12 & 0xF) | (scales >> 24 & 0xF0) | (scales >> 36 & 0xF00) | (scales >> 48 & 0xF000)));
        for (int i = 0; i < 32; i++)
        {
            int nibble = nibbles[i / 2] >> (i % 2 * 4) & 15, group = i / 2;
            float groupScale = scale * (1 + (2 * (int)(scales >> ((group / 4 * 16) + (group % 4 * 3)) & 7)));
            Iq1Shift.Apply(lower[i] | (nibble & 7) << 8, down: nibble > 7, groupScale, values.Slice(i * 8, 8));
        }
    }
}
