using Quire.Tensors;

namespace Quire.Models;

/// <summary>Heads whose rotated pairs stand next to each other (GGUF's Llama files, GLM, ERNIE), put back to half-split order: row i of a head is
/// stored row 2i, or 2(i - half) + 1; rows that do not rotate stay.</summary>
/// <param name="rotated">Leading rows of a head that rotate.</param>
internal sealed class HalfSplitRows(IWeightRows rows, int headSize, int rotated) : RowView(rows, rows.Shape[0])
{
    protected override long Stored(long row) => Stored(row, headSize, rotated);

    /// <summary>Where a row of half-split order is stored.</summary>
    public static long Stored(long row, int headSize, int rotated)
    {
        long i = row % headSize, head = row - i, half = rotated / 2;
        if (i >= rotated) return row;
        return head + (i < half ? 2 * i : (2 * (i - half)) + 1);
    }
}
