using Quire.Tensors;

namespace Quire.Models;

/// <summary>A matrix that stores rows of gate and up in turn, as all of gate before all of up.</summary>
internal sealed class AlternatingRows(IWeightRows rows) : RowView(rows, rows.Shape[0])
{
    protected override long Stored(long row) => Stored((int)row, (int)Shape[0]);

    /// <summary>Where a row is stored.</summary>
    public static int Stored(int row, int count) => row < count / 2 ? 2 * row : (2 * (row - (count / 2))) + 1;
}
