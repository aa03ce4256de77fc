using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 64 values in 4 groups of 16: four unsigned E4M3 scales, then 8 bytes a group, byte i with values i (low nibble) and i + 8 as
/// <see cref="E2M1"/> numbers.
/// </summary>
internal readonly struct NVFP4 : ICodedFormat
{
    public static GgmlType Type => GgmlType.NVFP4;

    public static CodedLayout Coding { get; } = new(CodeKind.Level, 16, DType.F16) { Levels = E2M1.Doubled };

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        for (int group = 0; group < 4; group++)
        {
            scales[group] = HalfScale(block[group]);
            Nibbles.Split(block.Slice(4 + (group * 8), 8), codes.Slice(group * 16, 16));
        }
    }

    /// <summary>Half the scale. The codes of zero and NaN are zero; the sign bit has no meaning.</summary>
    private static float HalfScale(byte code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        if ((code & 0x7F) is 0 or 0x7F) return 0;
        return exponent == 0 ? mantissa / 1024f : BitConverter.Int32BitsToSingle(((exponent + 119) << 23) | (mantissa << 20));
    }
}
