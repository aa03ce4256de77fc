using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>32 values: a float16 scale, then 32 signed bytes.</summary>
internal readonly struct Q8_0 : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q8_0;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int i = 0; i < 32; i++) values[i] = (sbyte)block[2 + i] * scale;
    }
}
