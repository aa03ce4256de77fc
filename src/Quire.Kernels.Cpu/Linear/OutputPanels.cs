namespace Quire.Kernels.Cpu.Linear;

/// <summary>A product's columns in panels of up to four tiles, whose sums lie side by side. Of a gated product, [gate | up], a panel is two tiles of the gate and the two of the other half
/// that they gate.</summary>
/// <param name="tiles">Of the weight; of a gated product a multiple of 4.</param>
internal readonly struct OutputPanels(int tiles, bool isGated)
{
    public const int Tiles = 4;

    /// <summary>Columns of a row of a panel's sums.</summary>
    public const int SumColumns = Tiles * Packing.Columns;

    private const int GateTiles = Tiles / 2;

    public int Count => (tiles + Tiles - 1) / Tiles;

    /// <summary>Pieces of a panel that are contiguous in the weight.</summary>
    public int Runs => isGated ? 2 : 1;

    /// <summary>First tile and number of tiles of a run, and its first column of the panel's sums.</summary>
    public (int First, int Count, int Column) Run(int panel, int run) => isGated
        ? ((run * (tiles / 2)) + (panel * GateTiles), GateTiles, run * GateTiles * Packing.Columns)
        : (panel * Tiles, Math.Min(Tiles, tiles - (panel * Tiles)), 0);
}
