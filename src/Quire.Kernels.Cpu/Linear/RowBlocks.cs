namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rows cut into blocks of nearly equal size: 7 rows are 4 and 3, not 6 and 1.</summary>
/// <param name="blockRows">Rows of a block at most.</param>
/// <param name="aloneRows">As many rows, or fewer, are one block all the same.</param>
internal readonly struct RowBlocks(int rows, int blockRows, int aloneRows = 0)
{
    public int Rows { get; } = rows;

    public int Count { get; } = rows <= aloneRows ? 1 : (rows + blockRows - 1) / blockRows;

    /// <summary>Rows of the largest block.</summary>
    public int Largest => (Rows + Count - 1) / Count;

    /// <summary>First row of a block; of <see cref="Count"/>, the number of rows.</summary>
    public int First(int block) => (int)((long)Rows * block / Count);

    /// <summary>Rows of a block.</summary>
    public int Size(int block) => First(block + 1) - First(block);

    /// <summary>The block that a row is in.</summary>
    public int Of(int row)
    {
        int block = (int)((long)row * Count / Rows);
        while (First(block + 1) <= row) block++;
        while (First(block) > row) block--;
        return block;
    }
}
