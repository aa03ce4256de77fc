using System.Numerics;
using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Any number of rows and tiles, cut into the emitted products of <see cref="AmxTileEmitter"/>, which are assembled when first needed.</summary>
internal static unsafe class AmxProducts
{
    /// <summary>Rows that are multiplied while weights pass once.</summary>
    public const int PairRows = 2 * AmxTileEmitter.BlockRows;

    // [kind][row blocks - 1][column tiles - 1][adds][log2 of lines + 1]
    private static readonly nint[] Functions = new nint[2 * 2 * 4 * 2 * 6];

    /// <summary>Rows that are read and written where <paramref name="rows"/> are multiplied.</summary>
    public static int Padded(int rows) => (rows + AmxTileEmitter.BlockRows - 1) / AmxTileEmitter.BlockRows * AmxTileEmitter.BlockRows;

    /// <summary>Bytes between rows: an odd number of cache lines, so that the 16 rows of a tile lie in different sets of a cache.</summary>
    public static int RowBytes(long bytes) => (int)((bytes + AmxTileEmitter.StepBytes - 1) / AmxTileEmitter.StepBytes * AmxTileEmitter.StepBytes) | AmxTileEmitter.StepBytes;

    /// <summary>Rows of an item at most: those that stay in a second-level cache of 2 MB beside weights.</summary>
    public static int MaxRowBlock(int rowBytes, int maxRows)
    {
        const int cacheBytes = 1280 * 1024;
        return Math.Clamp(cacheBytes / rowBytes / PairRows * PairRows, Math.Min(maxRows, 4 * PairRows), maxRows);
    }

    /// <summary>sums (+)= rows times weights.</summary>
    /// <param name="tileStride">Bytes between tiles of weights.</param>
    /// <param name="rowBytes">Bytes between rows.</param>
    /// <param name="sums">[<see cref="Padded"/> rows][<see cref="OutputPanels.SumColumns"/>]</param>
    /// <param name="next">Weights that will be multiplied next, in the same strides; null fetches none.</param>
    public static void Multiply(AmxKind kind, byte* weights, nint tileStride, byte* rows, nint rowBytes, int count, int tiles, int steps, float* sums, bool adds, byte* next)
    {
        int blocks = Padded(count) / AmxTileEmitter.BlockRows, pairs = (blocks + 1) / 2;
        // Each pair of blocks fetches its part of what comes next.
        int lines = next == null ? 0 : Math.Max(1, AmxTileEmitter.TileLines >> BitOperations.Log2((uint)pairs));
        for (int tile = 0; tile < tiles;)
        {
            int columns = Math.Min(AmxTileEmitter.MaxTiles(Math.Min(2, blocks)), tiles - tile);
            for (int block = 0; block < blocks; block += 2)
            {
                int row = block * AmxTileEmitter.BlockRows;
                var arguments = new AmxTileArguments
                {
                    Weights = weights + (tile * tileStride),
                    TileStride = tileStride,
                    Rows = rows + (row * rowBytes),
                    RowStride = rowBytes,
                    Sums = sums + (row * OutputPanels.SumColumns) + (tile * Packing.Columns),
                    SumStride = OutputPanels.SumColumns * sizeof(float),
                    Steps = steps,
                    Next = next + (tile * tileStride) + (block / 2 * lines % AmxTileEmitter.TileLines * 64),
                };
                Run(kind, Math.Min(2, blocks - block), columns, adds, lines, &arguments);
            }
            tile += columns;
        }
    }

    private static void Run(AmxKind kind, int rowBlocks, int tiles, bool adds, int lines, AmxTileArguments* arguments)
    {
        int lineIndex = lines == 0 ? 0 : BitOperations.Log2((uint)lines) + 1;
        ref nint function = ref Functions[((((((((int)kind * 2) + rowBlocks - 1) * 4) + tiles - 1) * 2) + (adds ? 1 : 0)) * 6) + lineIndex];
        // Two threads may assemble the same product at once; either result serves.
        if (function == 0) function = AmxTileEmitter.Product(kind, rowBlocks, tiles, adds, lines).Address;
        ((delegate* unmanaged[SuppressGCTransition]<AmxTileArguments*, void>)function)(arguments);
    }
}
