using Quire.Tensors;

namespace Quire.Models;

/// <summary>A matrix that stores query, key and value of a head behind each other, as all queries, all keys, all values.</summary>
internal sealed class HeadByHeadRows(IWeightRows rows, int heads, int headSize) : RowView(rows, rows.Shape[0])
{
    protected override long Stored(long row) => Stored(row, heads, headSize);

    /// <summary>Where a row is stored.</summary>
    public static long Stored(long row, int heads, int headSize)
    {
        long kind = row / ((long)heads * headSize), head = row / headSize % heads;
        return (((3 * head) + kind) * headSize) + (row % headSize);
    }
}
