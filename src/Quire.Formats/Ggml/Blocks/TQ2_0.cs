using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 256 values of 2 bits, 1 too high: two runs of 32 bytes, byte b of a run holds its values b, b + 32, b + 64, b + 96; then a float16
/// scale.
/// </summary>
internal readonly struct TQ2_0 : IBlockFormat
{
    public static GgmlType Type => GgmlType.TQ2_0;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block[64..]);
        for (int i = 0; i < 256; i++)
        {
            int code = (block[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3;
            values[i] = (code - 1) * scale;
        }
    }
}
