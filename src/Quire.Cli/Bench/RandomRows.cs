using Quire.Tensors;

namespace Quire.Cli;

/// <summary>A weight of any stored format with random contents: every row has the same bytes, which costs no time to make and changes no timing.</summary>
internal sealed class RandomRows : IWeightRows
{
    private readonly byte[] row;

    public RandomRows(WeightFormat format, long outputs, long inputs)
    {
        Format = format;
        Shape = new Shape(outputs, inputs);
        row = new byte[BytesPerRow(format, inputs)];
        new Random(1).NextBytes(row);
        // Numbers of ordinary size: the upper byte of every bf16, f16 or f32, and of every block's half precision scale and minimum.
        switch (format)
        {
            case WeightFormat.F32: Set(3, 4, 0x3c); break;
            case WeightFormat.BF16: Set(1, 2, 0x3c); break;
            case WeightFormat.F16: Set(1, 2, 0x20); break;
            case WeightFormat.Q8_0: Set(1, 34, 0x20); break;
            case WeightFormat.Q4_0: Set(1, 18, 0x20); break;
            case WeightFormat.Q4_1:
                Set(1, 20, 0x20);
                Set(3, 20, 0x20);
                break;
        }
    }

    public string Name => $"random {Format}";

    public Shape Shape { get; }

    public WeightFormat Format { get; }

    public static long BytesPerRow(WeightFormat format, long inputs) => format switch
    {
        WeightFormat.F32 => inputs * 4,
        WeightFormat.BF16 or WeightFormat.F16 => inputs * 2,
        WeightFormat.Q8_0 => inputs / 32 * 34,
        WeightFormat.Q4_0 => inputs / 32 * 18,
        WeightFormat.Q4_1 => inputs / 32 * 20,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    public void Read(long index, Span<float> values)
    {
        if (Format != WeightFormat.F32) throw new NotSupportedException("only f32 rows are read as numbers");
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(row).CopyTo(values);
    }

    public ReadOnlySpan<byte> Raw(long index) => row;

    private void Set(int first, int step, byte value)
    {
        for (int i = first; i < row.Length; i += step) row[i] = value;
    }
}
