namespace Quire.Kernels.Cpu.Linear;

/// <summary>How a product is cut into items that threads claim: runs of panels, so that what a thread fetches is what it multiplies next, times blocks of rows.</summary>
/// <remarks>A thread waits for the others' last items, so many rows are cut further than caches ask where panels alone give few items: of nine, two threads take five and four.</remarks>
internal readonly struct ProductItems
{
    private const int RunsPerWorker = 4, ItemsPerWorker = 8;

    // Weights are widened or unpacked once for each block: with fewer rows that would cost more than waiting.
    private const int MinCutRows = 128;

    private readonly int panels, rows;

    /// <param name="most">Rows of a block at most.</param>
    /// <param name="step">Blocks begin at multiples of it.</param>
    public ProductItems(int panels, int rows, int most, int step, int workers)
    {
        (this.panels, this.rows) = (panels, rows);
        bool isCut = rows >= 2 * MinCutRows;
        PanelsPerItem = Math.Max(1, panels / ((isCut ? ItemsPerWorker : RunsPerWorker) * workers));
        int blocks = (rows + most - 1) / most, wanted = ((ItemsPerWorker * workers) + PanelRuns - 1) / PanelRuns;
        if (isCut && workers > 1) blocks = Math.Max(blocks, Math.Min(wanted, rows / MinCutRows));
        RowsPerItem = (((rows + blocks - 1) / blocks) + step - 1) / step * step;
    }

    public int Count => PanelRuns * ((rows + RowsPerItem - 1) / RowsPerItem);

    private int PanelsPerItem { get; }

    private int RowsPerItem { get; }

    private int PanelRuns => (panels + PanelsPerItem - 1) / PanelsPerItem;

    /// <summary>An item's panels and rows; items go through all panels before the next rows.</summary>
    public (int FirstPanel, int EndPanel, int FirstRow, int Rows) Item(int item)
    {
        int panel = item % PanelRuns * PanelsPerItem, row = item / PanelRuns * RowsPerItem;
        return (panel, Math.Min(panels, panel + PanelsPerItem), row, Math.Min(RowsPerItem, rows - row));
    }
}
