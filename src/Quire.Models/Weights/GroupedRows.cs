using Quire.Tensors;

namespace Quire.Models;

/// <summary>A matrix that stores the parts of each group behind each other, as the first parts of all groups, then their second parts, and so on.</summary>
/// <param name="parts">Rows of each part of a group.</param>
internal sealed class GroupedRows(IWeightRows rows, int groups, params int[] parts) : RowView(rows, rows.Shape[0])
{
    private readonly int groupRows = parts.Sum();

    protected override long Stored(long row)
    {
        long before = 0;
        foreach (int part in parts)
        {
            if (row < (long)groups * part) return (row / part * groupRows) + before + (row % part);
            row -= (long)groups * part;
            before += part;
        }
        throw new ArgumentOutOfRangeException(nameof(row));
    }
}
