namespace Quire.Tensors;

/// <summary>Matrices with the same inputs as one, stacked along the outputs: query, key and value; gate and up.</summary>
public sealed class StackedRows : IWeightRows
{
    private readonly IWeightRows[] parts;

    public StackedRows(params IWeightRows[] parts)
    {
        this.parts = parts;
        Shape = new Shape(parts.Sum(part => part.Shape[0]), parts[0].Shape[1]);
        Format = parts.All(part => AreAlike(part, parts[0])) ? parts[0].Format : WeightFormat.Other;
    }

    public string Name => string.Join(" + ", parts.Select(part => part.Name));

    public Shape Shape { get; }

    /// <summary>The parts' format, or <see cref="WeightFormat.Other"/> where they differ.</summary>
    public WeightFormat Format { get; }

    public CodedLayout? Coding => Format == WeightFormat.Coded ? parts[0].Coding : null;

    /// <summary>True where both are stored in one way.</summary>
    public static bool AreAlike(IWeightRows a, IWeightRows b) =>
        a.Format == b.Format && (a.Coding is null ? b.Coding is null : b.Coding is not null && a.Coding.StacksWith(b.Coding));

    public void Read(long row, Span<float> values) => Part(ref row).Read(row, values);

    public ReadOnlySpan<byte> Raw(long row) => Part(ref row).Raw(row);

    public void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros) => Part(ref row).ReadCodes(row, codes, scales, zeros);

    private IWeightRows Part(ref long row)
    {
        foreach (IWeightRows part in parts)
        {
            if (row < part.Shape[0]) return part;
            row -= part.Shape[0];
        }
        throw new ArgumentOutOfRangeException(nameof(row));
    }
}
