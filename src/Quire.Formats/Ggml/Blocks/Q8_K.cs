using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>256 values: a float32 scale, 256 signed bytes, then sums of them that only products need.</summary>
internal readonly struct Q8_K : IBlockFormat
{
    public static GgmlType Type => GgmlType.Q8_K;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = BinaryPrimitives.ReadSingleLittleEndian(block);
        for (int i = 0; i < 256; i++) values[i] = scale * (sbyte)block[4 + i];
    }
}
