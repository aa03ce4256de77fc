using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values of 2 bits, 1 too high: two runs of 32 bytes, byte b of a run holds its values b, b + 32, b + 64, b + 96; then a float16
/// scale.
/// </summary>
internal readonly struct TQ2_0 : ICodedFormat
{
    public static GgmlType Type => GgmlType.TQ2_0;

    public static CodedLayout Coding { get; } = new(CodeKind.Unsigned4, 256, DType.F16);

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        scales[0] = (float)BinaryPrimitives.ReadHalfLittleEndian(block[64..]);
        // Zero is 8 in nibbles, and 1 here.
        for (int i = 0; i < 256; i++) codes[i] = (byte)(7 + ((block[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3));
    }
}
