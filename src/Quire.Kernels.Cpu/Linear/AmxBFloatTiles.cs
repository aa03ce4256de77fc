using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>bf16 products in tile registers. One block of 16 rows is the least that is multiplied: its unused rows cost nothing that a stream of weights would notice.</summary>
internal readonly unsafe struct AmxBFloatTiles : IBFloatTiles
{
    private const int SumColumns = BFloatTileEmitter.MaxTiles * Packing.Columns;
    private const int MaxRows = 256;

    // [row blocks - 1][column tiles - 1][adds]
    private static readonly nint[] Functions = new nint[2 * 4 * 2];

    public static bool AreFaster => CpuFeatures.Amx;

    public static int BlockRows => 2 * AmxTileEmitter.BlockRows;

    // Two column tiles of 512 inputs fill 32 KB of the nearest cache.
    public static int Piece => 512;

    // An odd number of cache lines: the 16 rows of a tile lie in different sets of a cache.
    public static int RowStride(int inputs) => ((inputs + 31) / 32 * 32) | 32;

    public static int Padded(int rows) => (rows + AmxTileEmitter.BlockRows - 1) / AmxTileEmitter.BlockRows * AmxTileEmitter.BlockRows;

    public static int RowBlock(int rows, int inputs)
    {
        int items = (rows + MaxRows - 1) / MaxRows, perItem = (rows + items - 1) / items;
        return (perItem + BlockRows - 1) / BlockRows * BlockRows;
    }

    public static void Begin() => AmxTiles.Configure();

    public static void End() => AmxTiles.Release();

    public static void Multiply(byte* weights, nint tileStride, ushort* rows, int rowStride, int count, int tiles, int inputs, float* sums, bool adds)
    {
        int blocks = Padded(count) / AmxTileEmitter.BlockRows;
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
                };
                Run(rowBlocks, columns, adds, &arguments);
            }
            tile += columns;
        }
    }

    private static void Run(int rowBlocks, int tiles, bool adds, AmxTileArguments* arguments)
    {
        ref nint function = ref Functions[((((rowBlocks - 1) * 4) + tiles - 1) * 2) + (adds ? 1 : 0)];
        if (function == 0) function = AmxTileEmitter.Bf16(rowBlocks, tiles, adds).Address;
        ((delegate* unmanaged[SuppressGCTransition]<AmxTileArguments*, void>)function)(arguments);
    }
}
