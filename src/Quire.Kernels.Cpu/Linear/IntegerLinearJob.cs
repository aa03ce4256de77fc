using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounded activations times a coded weight. One item is a panel of up to 64 output features for as many rows as the second-level cache holds; within it
/// one tile or two stay in the nearest cache while all rows pass. Items go through all panels before the next rows.</summary>
/// <param name="byRow">All groups of a row have one scale: runs of them are added before they are scaled.</param>
internal readonly unsafe struct IntegerLinearJob<T, TDots>(ComputePool pool, PackedWeight weight, ActivationRows activations, bool byRow, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
    where TDots : IDots<T>
{
    private const int FewBlocks = 6;
    private const int ItemsPerWorker = 4;

    private const int SuperblockGroups = Superblocks.Inputs / Packing.Group;

    private readonly OutputPanels panels = new(weight.Tiles, output.IsGated);
    private readonly bool unpacks = Unpacks(weight.Format);
    private readonly PackedFormat format = Multiplied(weight.Format);
    private readonly EmittedIntegerTiles? emitted = HasEmitted ? EmittedIntegerTiles.Of(Multiplied(weight.Format), byRow && weight.Format.RunGroups > 1) : null;
    private readonly int runGroups = byRow ? weight.Format.RunGroups : 1;

    private readonly int blocksPerItem = Blocking.Rows(activations.Groups * ActivationGroup.Size) / activations.LargestBlock;

    // With few rows an item is a run of panels, so that what a thread prefetches is what it multiplies next.
    private readonly int panelsPerItem = activations.Blocks <= FewBlocks ? Math.Max(1, weight.Tiles / OutputPanels.Tiles / (ItemsPerWorker * pool.Workers)) : 1;

    /// <summary>How activations are cut for products with weights that all have runs of groups, or may have none.</summary>
    public static RowBlocks Blocks(int rows, bool sumsRuns) => HasEmitted ? new(rows, EmittedIntegerTiles.BlockRows(sumsRuns), EmittedIntegerTiles.MaxRows) : new(rows, ActivationRows.MaxBlockRows);

    /// <summary>Tiles are emitted, not compiled.</summary>
    public static bool HasEmitted => T.HasEmittedTiles && EmittedIntegerTiles.IsSupported;

    public int Items => PanelItems * RowItems;

    private int PanelItems => (panels.Count + panelsPerItem - 1) / panelsPerItem;

    private int RowItems => (activations.Blocks + blocksPerItem - 1) / blocksPerItem;

    public void Run(int item, int worker)
    {
        int first = item % PanelItems * panelsPerItem, end = Math.Min(panels.Count, first + panelsPerItem);
        for (int panel = first; panel < end; panel++) Multiply(panel, item / PanelItems, (float*)pool.Scratch(worker));
    }

    private void Multiply(int panel, int rowItem, float* sums)
    {
        int firstBlock = rowItem * blocksPerItem, endBlock = Math.Min(activations.Blocks, firstBlock + blocksPerItem);
        int firstRow = activations.FirstRow(firstBlock), rows = activations.FirstRow(endBlock) - firstRow;
        new Span<float>(sums, rows * OutputPanels.SumColumns).Clear();
        for (int run = 0; run < panels.Runs; run++)
        {
            (int first, int count, int column) = panels.Run(panel, run);
            Multiply(first, count, firstBlock, endBlock, sums, column);
        }
        output.Finish<T>(sums, firstRow, rows, panel);
    }

    private void Multiply(int first, int tiles, int firstBlock, int endBlock, float* sums, int column)
    {
        int firstRow = activations.FirstRow(firstBlock);
        byte* start = (byte*)weight.Address + (first * weight.TileBytes);
        int step = emitted is null ? 1 : emitted.Tiles(activations.LargestBlock, activations.Blocks == 1);
        int piece = unpacks ? SuperblockGroups : endBlock - firstBlock == 1 ? activations.Groups : PieceGroups;
        for (int tile = 0; tile < tiles; tile += step)
        {
            int count = Math.Min(step, tiles - tile);
            for (int group = 0; group < activations.Groups; group += piece)
            {
                int groups = Math.Min(piece, activations.Groups - group);
                byte* packed = start + (tile * weight.TileBytes), at = packed + Offset(group);
                int end = group + groups;
                nint stride = (nint)weight.TileBytes, next = end < activations.Groups ? Offset(end) - Offset(group) : (count * stride) - Offset(group);
                if (unpacks)
                {
                    at = (byte*)(sums + (Blocking.MaxRows * OutputPanels.SumColumns));
                    stride = (nint)format.TileBytes(groups * Packing.Group);
                    next = count * stride;
                    for (int i = 0; i < count; i++) Unpack(packed + (i * weight.TileBytes), group, groups, at + (i * stride));
                }
                for (int block = firstBlock; block < endBlock; block++)
                {
                    float* tileSums = sums + ((activations.FirstRow(block) - firstRow) * OutputPanels.SumColumns) + column + (tile * Packing.Columns);
                    int shares = EmittedIntegerTiles.FetchShares(endBlock - firstBlock);
                    Multiply(at, stride, count, block, group, groups, tileSums, next, shares, (block - firstBlock) % shares);
                }
            }
        }
    }

    private nint Offset(int group) => (nint)format.TileBytes((long)group * Packing.Group);

    private int GroupsPerHeader => format.IsSuperblocks ? SuperblockGroups : Math.Min(format.HeaderInputs / Packing.Group, activations.Groups);

    // Superblocks with groups of 16, and levels, are unpacked piece by piece.
    private static bool Unpacks(PackedFormat format) => format.HasLevelBytes || (format.IsSuperblocks && format.GroupSize < Packing.Group);

    private static PackedFormat Multiplied(PackedFormat format) => format.HasLevelBytes ? LevelUnpacking<T>.Unpacked(format) : Unpacks(format) ? Superblocks.Unpacked : format;

    private void Unpack(byte* tile, int group, int groups, byte* to)
    {
        if (weight.Format.HasLevelBytes) LevelUnpacking<T>.Unpack(weight.Format, tile, group, groups, to);
        else SuperblockUnpacking<T>.Unpack(weight.Format, tile, group, groups, to);
    }

    // Two tiles' groups that fill half of the nearest cache: a multiple of the groups under a header, or all.
    private int PieceGroups => GroupsPerHeader > 32 ? activations.Groups : 32 / GroupsPerHeader * GroupsPerHeader;

    /// <param name="tile">Header of the first group.</param>
    /// <param name="tileStride">Bytes between tiles.</param>
    /// <param name="next">From codes to those that are multiplied next.</param>
    /// <param name="share">Of <paramref name="shares"/>, the lines of the next codes that this block fetches.</param>
    private void Multiply(byte* tile, nint tileStride, int tiles, int block, int group, int groups, float* sums, nint next, int shares, int share)
    {
        int rows = activations.FirstRow(block + 1) - activations.FirstRow(block), stride = activations.GroupStride(block);
        byte* records = (byte*)activations.Block(block) + ((long)group * stride);
        int perHeader = GroupsPerHeader;
        if (emitted is null)
        {
            IntegerTiles<T, TDots>.Multiply(format, tile, groups, records, stride, rows, runGroups, sums);
            return;
        }
        // Whole headers first; the last one may have fewer groups under it. Of a header that is longer than a run, run by run.
        int headerBytes = format.HeaderBytes, headers = perHeader > runGroups && runGroups > 1 ? 0 : groups / perHeader;
        var arguments = new IntegerTileArguments
        {
            Headers = tile,
            Codes = tile + headerBytes,
            TileStride = tileStride,
            Activations = records,
            ActivationStride = stride,
            Sums = sums,
            GroupsPerHeader = perHeader,
            HeadersLeft = headers,
        };
        next += share * 64;
        arguments.Next = arguments.Codes + next;
        if (headers > 0) emitted.Run(rows, tiles, shares, &arguments);
        byte* header = tile + (headers * (headerBytes + (perHeader * format.CodeBytes)));
        int most = runGroups > 1 ? runGroups : groups;
        for (int done = headers * perHeader, under = 0; done < groups;)
        {
            int count = Math.Min(Math.Min(most, groups - done), perHeader - under);
            arguments.Headers = header;
            arguments.Codes = header + headerBytes + (under * format.CodeBytes);
            arguments.Next = arguments.Codes + next;
            arguments.Activations = records + ((long)done * stride);
            (arguments.GroupsPerHeader, arguments.HeadersLeft) = (count, 1);
            emitted.Run(rows, tiles, shares, &arguments);
            done += count;
            under += count;
            if (under < perHeader) continue;
            header += headerBytes + (perHeader * format.CodeBytes);
            under = 0;
        }
    }
}
