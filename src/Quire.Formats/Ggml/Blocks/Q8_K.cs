using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>256 values: a float32 scale, 256 signed bytes, then sums of them that only products need.</summary>
internal readonly struct Q8_K : ICodedFormat
{
    public static GgmlType Type => GgmlType.Q8_K;

    public static CodedLayout Coding { get; } = new(CodeKind.Unsigned8, 256, DType.F32);

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        scales[0] = BinaryPrimitives.ReadSingleLittleEndian(block);
        for (int i = 0; i < 256; i++) codes[i] = (byte)(block[4 + i] ^ 0x80);
    }
}
