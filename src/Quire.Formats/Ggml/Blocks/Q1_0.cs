using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>
/// 128 values of one bit: a float16 scale, then 16 bytes, the lowest bit first; a set bit is plus, a clear one minus the scale.
/// </summary>
internal readonly struct Q1_0 : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q1_0;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int i = 0; i < 128; i++) values[i] = ((block[2 + (i / 8)] >> (i % 8)) & 1) != 0 ? scale : -scale;
    }
}
