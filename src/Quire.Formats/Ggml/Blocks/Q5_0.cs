using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>32 values: a float16 scale, a word with every value's fifth bit, then nibbles as in <see cref="Q4_0"/>; 16 too high.</summary>
internal readonly struct Q5_0 : ICodedFormat
{
    public static GgmlType Type => GgmlType.Q5_0;

    public static CodedLayout Coding { get; } = new(CodeKind.Unsigned8, 32, DType.F16);

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        scales[0] = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        ReadOnlySpan<byte> nibbles = block[6..];
        // Zero is 128 in bytes, and 16 here.
        const int shift = 128 - 16;
        for (int i = 0; i < 16; i++)
        {
            codes[i] = (byte)(shift + ((nibbles[i] & 15) | (int)((fifth >> i) & 1) << 4));
            codes[i + 16] = (byte)(shift + ((nibbles[i] >> 4) | (int)((fifth >> (i + 16)) & 1) << 4));
        }
    }
}
