using Quire.Tensors;

namespace Quire.Cli;

/// <summary>A weight of any stored format with random contents: every row has the same bytes, which costs no time to make and changes no timing.</summary>
internal sealed class RandomRows : IWeightRows
{
    private readonly byte[] row;

    /// <param name="coding">Of coded rows.</param>
    public RandomRows(WeightFormat format, long outputs, long inputs, CodedLayout? coding = null)
    {
        Format = format;
        Coding = coding;
        Shape = new Shape(outputs, inputs);
        row = new byte[coding is null ? BytesPerRow(format, inputs) : inputs];
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
            case WeightFormat.Q2_K:
                Set(81, 84, 0x20);
                Set(83, 84, 0x20);
                break;
            case WeightFormat.Q3_K: Set(109, 110, 0x20); break;
            case WeightFormat.Q4_K:
                Set(1, 144, 0x20);
                Set(3, 144, 0x20);
                break;
            case WeightFormat.Q5_K:
                Set(1, 176, 0x20);
                Set(3, 176, 0x20);
                break;
            case WeightFormat.Q6_K: Set(209, 210, 0x20); break;
        }
    }

    public string Name => $"random {Format}";

    public Shape Shape { get; }

    public WeightFormat Format { get; }

    public CodedLayout? Coding { get; }

    /// <summary>Inputs of a row must be a multiple of it.</summary>
    public static int BlockInputs(WeightFormat format) => format switch
    {
        WeightFormat.Q2_K or WeightFormat.Q3_K or WeightFormat.Q4_K or WeightFormat.Q5_K or WeightFormat.Q6_K => 256,
        _ => 32,
    };

    public static long BytesPerRow(WeightFormat format, long inputs) => format switch
    {
        WeightFormat.F32 => inputs * 4,
        WeightFormat.BF16 or WeightFormat.F16 => inputs * 2,
        WeightFormat.Q8_0 => inputs / 32 * 34,
        WeightFormat.Q4_0 => inputs / 32 * 18,
        WeightFormat.Q4_1 => inputs / 32 * 20,
        WeightFormat.Q2_K => inputs / 256 * 84,
        WeightFormat.Q3_K => inputs / 256 * 110,
        WeightFormat.Q4_K => inputs / 256 * 144,
        WeightFormat.Q5_K => inputs / 256 * 176,
        WeightFormat.Q6_K => inputs / 256 * 210,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    public void Read(long index, Span<float> values)
    {
        if (Format != WeightFormat.F32) throw new NotSupportedException("only f32 rows are read as numbers");
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(row).CopyTo(values);
    }

    public ReadOnlySpan<byte> Raw(long index) => row;

    public void ReadCodes(long index, Span<byte> codes, Span<float> scales, Span<byte> zeros)
    {
        for (int i = 0; i < codes.Length; i++) codes[i] = Coding!.Kind is CodeKind.Unsigned4 or CodeKind.Level ? (byte)(row[i] & 15) : row[i];
        scales.Fill(0.01f);
        zeros.Fill(7);
    }

    private void Set(int first, int step, byte value)
    {
        for (int i = first; i < row.Length; i += step) row[i] = value;
    }
}
