using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 32 values: the exponent of a power of two (bias 127), then nibbles in the order of <see cref="Q4_0"/> that are <see cref="E2M1"/>
/// numbers.
/// </summary>
internal readonly struct MXFP4 : ICodedFormat
{
    public static GgmlType Type => GgmlType.MXFP4;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 32, DType.BF16) { Levels = E2M1.Doubled };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        // Half of 2^(e - 127); the two smallest are subnormal.
        int exponent = block[0];
        scales[0] = BitConverter.Int32BitsToSingle(exponent < 2 ? 0x00200000 << exponent : (exponent - 1) << 23);
        Nibbles.Split(block[1..], codes);
    }
}
