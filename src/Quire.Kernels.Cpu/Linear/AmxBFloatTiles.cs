using System.Numerics;
using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>bf16 products in tile registers. One block of 16 rows is the least that is multiplied: its unused rows cost nothing that a stream of weights would notice.</summary>
internal readonly unsafe struct AmxBFloatTiles : IBFloatTiles
{
    private const int SumColumns = BFloatTileEmitter.MaxTiles * Packing.Columns;
    private const int CacheBytes = 1280 * 1024;

    // [row blocks - 1][column tiles - 1][adds][log2 of lines + 1]
    private static readonly nint[] Functions = new nint[2 * 4 * 2 * 6];

    public static bool AreFaster => CpuFeatures.Amx;

    public static bool HasIntegerTiles => true;

    public static int BlockRows => 2 * AmxTileEmitter.BlockRows;

    // Sums pass through memory once a piece, so pieces are long: a panel's fills 128 KB of the second-level cache.
    public static int Piece => 1024;

    // Its sums for 64 columns take 128 KB of scratch.
    public static int MaxRows => 512;

    // An odd number of cache lines: the 16 rows of a tile lie in different sets of a cache.
    public static int RowStride(int inputs) => ((inputs + 31) / 32 * 32) | 32;

    public static int Padded(int rows) => (rows + AmxTileEmitter.BlockRows - 1) / AmxTileEmitter.BlockRows * AmxTileEmitter.BlockRows;

    public static int RowBlock(int rows, int inputs)
    {
        int most = Math.Clamp(CacheBytes / (inputs * sizeof(ushort)) / BlockRows * BlockRows, 4 * BlockRows, MaxRows);
        int items = (rows + most - 1) / most, perItem = (rows + items - 1) / items;
        return (perItem + BlockRows - 1) / BlockRows * BlockRows;
    }

    public static void Begin() => AmxTiles.ConfigureBf16();

    public static void End() => AmxTiles.Release();

    public static void Multiply(byte* weights, nint tileStride, ushort* rows, int rowStride, int count, int tiles, int inputs, float* sums, bool adds, byte* next)
    {
        int blocks = Padded(count) / AmxTileEmitter.BlockRows, pairs = (blocks + 1) / 2;
        // Each pair of blocks fetches its part of what comes next.
        int lines = next == null ? 0 : Math.Max(1, AmxTileEmitter.TileLines >> BitOperations.Log2((uint)pairs));
        for (int tile = 0; tile < tiles;)
        {
            int columns = Math.Min(AmxTileEmitter.MaxTiles(Math.Min(2, blocks)), tiles - tile);
            for (int block = 0; block < blocks; block += 2)
            {
                int row = block * AmxTileEmitter.BlockRows, rowBlocks = Math.Min(2, blocks - block);
                var arguments = new AmxTileArguments
                {
                    Weights = weights + (tile * tileStride),
                    TileStride = tileStride,
                    Rows = rows + ((long)row * rowStride),
                    RowStride = rowStride * sizeof(ushort),
                    Sums = sums + (row * SumColumns) + (tile * Packing.Columns),
                    SumStride = SumColumns * sizeof(float),
                    Steps = (inputs + AmxTileEmitter.StepInputs - 1) / AmxTileEmitter.StepInputs,
                    Next = next + (tile * tileStride) + (block / 2 * lines % AmxTileEmitter.TileLines * 64),
                };
                Run(rowBlocks, columns, adds, lines, &arguments);
            }
            tile += columns;
        }
    }

    private static void Run(int rowBlocks, int tiles, bool adds, int lines, AmxTileArguments* arguments)
    {
        int lineIndex = lines == 0 ? 0 : BitOperations.Log2((uint)lines) + 1;
        ref nint function = ref Functions[((((((rowBlocks - 1) * 4) + tiles - 1) * 2) + (adds ? 1 : 0)) * 6) + lineIndex];
        if (function == 0) function = AmxTileEmitter.Bf16(rowBlocks, tiles, adds, lines).Address;
        ((delegate* unmanaged[SuppressGCTransition]<AmxTileArguments*, void>)function)(arguments);
    }
}
