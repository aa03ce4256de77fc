using Quire.Tensors;

namespace Quire.Models;

/// <summary>A matrix as plain numbers, however it is stored: for products that know no codes.</summary>
internal sealed class PlainRows(IWeightRows rows) : IWeightRows
{
    public string Name => rows.Name;

    public Shape Shape => rows.Shape;

    // 16-bit numbers stay what they are.
    public WeightFormat Format => rows.Format == WeightFormat.BF16 ? WeightFormat.BF16 : WeightFormat.Other;

    public void Read(long row, Span<float> values) => rows.Read(row, values);

    public ReadOnlySpan<byte> Raw(long row) => rows.Raw(row);
}
