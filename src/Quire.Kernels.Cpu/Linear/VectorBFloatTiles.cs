using System.Diagnostics;
using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>bf16 products in vector registers, assembled when first needed.</summary>
internal readonly unsafe struct VectorBFloatTiles : IBFloatTiles
{
    private static readonly nint[] Functions = new nint[(BFloatTileEmitter.MaxRows + 1) * (BFloatTileEmitter.MaxTiles + 1)];

    // CPUs with the instruction differ: some run it at twice the rate of f32 multiply-adds, some at half.
    private static readonly Lazy<bool> Faster = new(() => CpuFeatures.CanEmit && CpuFeatures.Avx512Bf16 && Rate(PeakLoops.Bf16Dot512(), 64) > 1.1 * Rate(PeakLoops.Fma512(), 32));

    public static bool AreFaster => Faster.Value;

    public static bool AreTileRegisters => false;

    public static int BlockRows => BFloatTileEmitter.MaxRows;

    // A panel's piece of 256 inputs fills 32 KB of the nearest cache.
    public static int Piece => 256;

    public static int RowStride(int inputs) => (inputs + 1) & ~1;

    public static int MaxRows => Blocking.MaxRows;

    public static int Padded(int rows) => rows;

    public static int MaxRowBlock(int inputs) => Blocking.Rows(inputs * sizeof(ushort));

    public static void Begin()
    {
    }

    public static void End()
    {
    }

    public static void Multiply(byte* weights, nint tileStride, ushort* rows, int rowStride, int count, int tiles, int inputs, float* sums, bool adds, byte* next)
    {
        if (!adds) for (int row = 0; row < count; row++) new Span<float>(sums + (row * OutputPanels.SumColumns), tiles * Packing.Columns).Clear();
        // Blocks of nearly equal size: 7 rows are 4 and 3, not 6 and 1.
        int blocks = (count + BFloatTileEmitter.MaxRows - 1) / BFloatTileEmitter.MaxRows;
        for (int block = 0; block < blocks; block++)
        {
            int row = count * block / blocks, end = count * (block + 1) / blocks;
            var arguments = new BFloatTileArguments
            {
                Weights = weights,
                TileStride = tileStride,
                Rows = rows + ((long)row * rowStride),
                RowStride = rowStride * sizeof(ushort),
                Sums = sums + (row * OutputPanels.SumColumns),
                SumStride = OutputPanels.SumColumns * sizeof(float),
                Pairs = (inputs + 1) / 2,
            };
            Run(end - row, tiles, &arguments);
        }
    }

    /// <param name="rows">1 .. 6</param>
    public static void Run(int rows, int tiles, BFloatTileArguments* arguments)
    {
        ref nint function = ref Functions[(rows * (BFloatTileEmitter.MaxTiles + 1)) + tiles];
        if (function == 0) function = BFloatTileEmitter.Emit(rows, tiles).Address;
        ((delegate* unmanaged[SuppressGCTransition]<BFloatTileArguments*, void>)function)(arguments);
    }

    // Best of a few runs of a tenth of a millisecond.
    private static double Rate(EmittedCode loop, int operations)
    {
        var function = (delegate* unmanaged<long*, void>)loop.Address;
        long iterations = 20_000;
        double best = 0;
        for (int run = 0; run < 7; run++)
        {
            long start = Stopwatch.GetTimestamp();
            function(&iterations);
            best = Math.Max(best, PeakLoops.Operations(iterations, operations) / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
