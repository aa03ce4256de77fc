using Quire.Tensors;

namespace Quire.Models;

/// <summary>Heads whose rotated pairs stand next to each other (GGUF's Llama files, GLM, ERNIE), put back to half-split order: row i of a head is
/// stored row 2i, or 2(i - half) + 1; rows that do not rotate stay.</summary>
/// <param name="rotated">Rows of a head that rotate.</param>
/// <param name="first">Where in the head they begin.</param>
internal sealed class HalfSplitRows(IWeightRows rows, int headSize, int rotated, int first = 0) : RowView(rows, rows.Shape[0])
{
    protected override long Stored(long row) => Stored(row, headSize, rotated, first);

    /// <summary>Where a row of half-split order is stored.</summary>
    public static long Stored(long row, int headSize, int rotated, int first = 0)
    {
        long i = (row % headSize) - first, head = row - i, half = rotated / 2;
        if (i < 0 || i >= rotated) return row;
        return head + (i < half ? 2 * i : (2 * (i - half)) + 1);
    }
}
