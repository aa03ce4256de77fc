using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 128 values of one bit: a float16 scale, then 16 bytes, the lowest bit first; a set bit is plus, a clear one minus the scale.
/// </summary>
internal readonly struct Q1_0 : ICodedFormat
{
    public static GgmlType Type => GgmlType.Q1_0;

    public static CodedLayout Coding { get; } = new(CodeKind.Unsigned4, 128, DType.F16);

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        scales[0] = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        // Zero is 8 in nibbles.
        for (int i = 0; i < 128; i++) codes[i] = (byte)(((block[2 + (i / 8)] >> (i % 8)) & 1) != 0 ? 9 : 7);
    }
}
