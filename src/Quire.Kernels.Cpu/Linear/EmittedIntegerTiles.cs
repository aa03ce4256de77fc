using System.Collections.Concurrent;
using Quire.Kernels.Cpu.Emission;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The emitted tiles of one format, assembled when first needed.</summary>
/// <param name="sumsRuns">Groups of a run are added before they are scaled.</param>
internal sealed unsafe class EmittedIntegerTiles(PackedFormat format, bool sumsRuns)
{
    /// <summary>Rows of a block at most.</summary>
    public const int MaxRows = 12;

    private const int MaxTiles = 4;
    private static readonly ConcurrentDictionary<(PackedFormat, bool), EmittedIntegerTiles> Formats = new();
    private const int MaxShares = 4, FewBlocksShares = 3, ManyBlocks = 16;
    private readonly nint[] functions = new nint[(MaxRows + 1) * (MaxTiles + 1) * (MaxShares + 1)];

    public static bool IsSupported => CpuFeatures.CanEmit && CpuFeatures.Avx512Vnni;

    public static EmittedIntegerTiles Of(PackedFormat format, bool sumsRuns) => Formats.GetOrAdd((format, sumsRuns), key => new EmittedIntegerTiles(key.Item1, key.Item2));

    /// <summary>Rows of one of several blocks at most: two tiles then read each broadcast. Up to <see cref="MaxRows"/> alone are one block, whose weights are unpacked once.</summary>
    public static int BlockRows(bool sumsRuns) => IntegerTileEmitter.MaxSums(sumsRuns) / 2;

    /// <summary>Column tiles of one call: fewer rows need more of them to have enough independent sums.</summary>
    /// <param name="rows">Of the largest block.</param>
    /// <param name="isAlone">There is no other block.</param>
    public int Tiles(int rows, bool isAlone) => rows == 1 ? MaxTiles : rows <= (isAlone ? ActivationRows.MaxBlockRows : BlockRows(sumsRuns)) ? 2 : 1;

    /// <summary>Blocks of rows that each fetch a share of the next tiles, so that memory is never idle: one line in so many. A few blocks have a share each.</summary>
    public static int FetchShares(int blocks) => blocks >= ManyBlocks ? MaxShares : Math.Min(blocks, FewBlocksShares);

    public void Run(int rows, int tiles, int fetchShares, IntegerTileArguments* arguments)
    {
        ref nint function = ref functions[(((rows * (MaxTiles + 1)) + tiles) * (MaxShares + 1)) + fetchShares];
        // Two threads may assemble the same tile at once; either result serves.
        if (function == 0) function = IntegerTileEmitter.Emit(format, rows, tiles, sumsRuns, fetchShares).Address;
        ((delegate* unmanaged[SuppressGCTransition]<IntegerTileArguments*, void>)function)(arguments);
    }
}
