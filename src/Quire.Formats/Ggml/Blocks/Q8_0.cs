using System.Buffers.Binary;

namespace Quire.Formats;

/// <summary>32 values: a float16 scale, then 32 signed bytes.</summary>
internal readonly struct Q8_0 : IRoundingFormat
{
    public static GgmlType Type => GgmlType.Q8_0;

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int i = 0; i < 32; i++) values[i] = (sbyte)block[2 + i] * scale;
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> block)
    {
        float largest = 0;
        foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
        float scale = largest / 127, inverse = scale == 0 ? 0 : 1 / scale;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        for (int i = 0; i < 32; i++) block[2 + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
    }
}
