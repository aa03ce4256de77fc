using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounded activations times a coded weight in tile registers. One item is some panels of up to 64 output features for as many rows as the second-level cache holds: a tile's piece is
/// unpacked into the nearest cache by the first block of rows, and all others pass.</summary>
internal readonly unsafe struct AmxIntegerLinearJob<T>(ComputePool pool, PackedWeight weight, ActivationTiles activations, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
{
    /// <summary>With fewer rows, unpacking costs more than tile registers win.</summary>
    public const int MinRows = 6;

    /// <summary>The places of so many groups of 32 inputs fit into scratch memory beside sums and records.</summary>
    public const int MaxGroups = 8192;

    // Half of a second-level cache of 2 MB, and 128 KB of sums in scratch.
    private const int CacheBytes = 1024 * 1024;
    private const int MaxBlocks = 32;

    // Its records fill 20 KB of the nearest cache. A multiple of a superblock's 8.
    private const int PieceGroups = 32;

    private readonly OutputPanels panels = new(weight.Tiles, output.IsGated);
    private readonly bool hasMinima = weight.Format.Offset != OffsetType.Middle;
    private readonly ProductItems items = new(
        new OutputPanels(weight.Tiles, output.IsGated).Count, activations.Rows,
        Math.Clamp(CacheBytes / (activations.Groups * ActivationTiles.GroupBytes), 4, MaxBlocks) * ActivationTiles.BlockRows, ActivationTiles.BlockRows, pool.Workers);

    private readonly nint[] unpacking = AmxIntegerTiles.Of(weight.Format);

    public int Items => items.Count;

    public void Run(int item, int worker)
    {
        (int firstPanel, int endPanel, int firstRow, int rows) = items.Item(item);
        int firstBlock = firstRow / ActivationTiles.BlockRows, endBlock = firstBlock + ((rows + ActivationTiles.BlockRows - 1) / ActivationTiles.BlockRows);
        float* sums = (float*)pool.Scratch(worker);
        byte* dots = (byte*)(sums + (MaxBlocks * ActivationTiles.BlockRows * OutputPanels.SumColumns)), records = dots + AmxIntegerEmitter.DotBytes;
        var places = (GroupPlace*)(records + ((PieceGroups + AmxIntegerEmitter.Ahead) * UnpackedGroups.Bytes(hasMinima)));
        GroupPlace.Write(weight.Format, activations.Groups, AmxIntegerEmitter.Ahead, places);
        AmxTiles.ConfigureGroups(Math.Min(rows, ActivationTiles.BlockRows));
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            new Span<float>(sums, rows * OutputPanels.SumColumns).Clear();
            for (int run = 0; run < panels.Runs; run++)
            {
                (int first, int count, int column) = panels.Run(panel, run);
                for (int tile = 0; tile < count; tile++) Multiply(first + tile, firstBlock, endBlock, rows, sums + column + (tile * Packing.Columns), dots, records, places);
            }
            output.Finish<T>(sums, firstRow, rows, panel);
        }
        AmxTiles.Release();
    }

    private void Multiply(int tile, int firstBlock, int endBlock, int rows, float* sums, byte* dots, byte* records, GroupPlace* places)
    {
        byte* packed = (byte*)weight.Address + (tile * weight.TileBytes);
        for (int group = 0; group < activations.Groups; group += PieceGroups)
        {
            int groups = Math.Min(PieceGroups, activations.Groups - group);
            for (int block = firstBlock; block < endBlock; block++)
            {
                int row = (block - firstBlock) * ActivationTiles.BlockRows;
                var arguments = new AmxIntegerArguments
                {
                    Weights = records,
                    Activations = activations.Block(block) + (group * ActivationTiles.GroupBytes),
                    Sums = sums + (row * OutputPanels.SumColumns),
                    Groups = groups,
                    Dots = dots,
                    Tile = packed,
                    Places = places + group,
                    Levels = (byte*)weight.Format.Levels + LevelTable.BytesOffset,
                };
                int count = Math.Min(ActivationTiles.BlockRows, rows - row);
                if (block == firstBlock) AmxIntegerTiles.RunUnpacking(unpacking, weight.Format, count, hasMinima, &arguments);
                else AmxIntegerTiles.Run(count, hasMinima, &arguments);
            }
        }
    }
}
