namespace Quire.Tensors;

/// <summary>Rows of another matrix, some of them or in another order; however they are stored, they stay so.</summary>
public abstract class RowView(IWeightRows rows, long count) : IWeightRows
{
    public virtual string Name => rows.Name;

    public Shape Shape { get; } = new(count, rows.Shape[1]);

    public WeightFormat Format => rows.Format;

    public CodedLayout? Coding => rows.Coding;

    public void Read(long row, Span<float> values) => rows.Read(Stored(row), values);

    public ReadOnlySpan<byte> Raw(long row) => rows.Raw(Stored(row));

    public void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros) => rows.ReadCodes(Stored(row), codes, scales, zeros);

    /// <summary>Where a row of this view is in the other matrix.</summary>
    protected abstract long Stored(long row);
}
