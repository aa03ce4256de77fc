using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>
/// 256 values of -1, 0, 1: five to a byte for the first 240 (runs of 32 bytes, then of 16), four to a byte for the rest; then a float16
/// scale.
/// </summary>
internal readonly struct TQ1_0 : ICodedFormat
{
    public static GgmlType Type => GgmlType.TQ1_0;

    public static CodedLayout Coding { get; } = new(CodeKind.Unsigned4, 256, DType.F16);

    public static void ReadCodes(ReadOnlySpan<byte> block, Span<byte> codes, Span<float> scales)
    {
        scales[0] = (float)BinaryPrimitives.ReadHalfLittleEndian(block[52..]);
        Unpack(block[..32], 5, codes[..160]);
        Unpack(block[32..48], 5, codes[160..240]);
        Unpack(block[48..52], 4, codes[240..]);
    }

    /// <summary>
    /// A byte is a fraction of 256 in base three: multiplying by three (modulo 256) moves the next digit up, and the digit is what
    /// overflows. Digit 1 is zero, which is 8 in nibbles.
    /// </summary>
    private static void Unpack(ReadOnlySpan<byte> bytes, int digits, Span<byte> codes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            byte fraction = bytes[i];
            for (int digit = 0; digit < digits; digit++)
            {
                codes[(digit * bytes.Length) + i] = (byte)(7 + (fraction * 3 >> 8));
                fraction = (byte)(fraction * 3);
            }
        }
    }
}
