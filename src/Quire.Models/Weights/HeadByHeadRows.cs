using Quire.Tensors;

namespace Quire.Models;

/// <summary>A matrix that stores a key head's queries, key and value behind each other, as all queries, all keys, all values.</summary>
/// <param name="group">Query heads of a key head.</param>
internal sealed class HeadByHeadRows(IWeightRows rows, int kvHeads, int group, int headSize) : RowView(rows, rows.Shape[0])
{
    protected override long Stored(long row) => Stored(row, kvHeads, group, headSize);

    /// <summary>Where a row is stored.</summary>
    public static long Stored(long row, int kvHeads, int group, int headSize)
    {
        long head = row / headSize, queries = (long)kvHeads * group, within = row % headSize;
        (long owner, long place) = head < queries ? (head / group, head % group) : ((head - queries) % kvHeads, group + ((head - queries) / kvHeads));
        return (((owner * (group + 2)) + place) * headSize) + within;
    }
}
