using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>32 values: a float16 scale, then nibbles in the order of <see cref="Q4_0"/> that choose from <see cref="Iq4Levels"/>.</summary>
internal readonly struct IQ4_NL : ICodedFormat
{
    public static GgmlType Type => GgmlType.IQ4_NL;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 32, DType.F16) { Levels = Iq4Levels.Values };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        scales[0] = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        Nibbles.Split(block[2..], codes);
    }
}
