using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounded activations times a coded weight. One item is a panel of up to 64 output features for up to 96 rows.</summary>
internal readonly unsafe struct IntegerLinearJob<T>(ComputePool pool, PackedWeight weight, ActivationRows activations, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int PanelTiles = 4;
    private const int BlocksPerItem = 8;

    // From this many rows on, unpacking a panel's nibbles once for all of them pays.
    private const int RowsToUnpack = 24;

    private const int PieceGroups = 8;

    private readonly EmittedIntegerTiles? emitted = T.HasEmittedTiles && EmittedIntegerTiles.IsSupported ? EmittedIntegerTiles.Of(weight.Format) : null;

    public int Items => Panels * RowItems;

    private int Panels => (weight.Tiles + PanelTiles - 1) / PanelTiles;

    private int RowItems => (activations.Blocks + BlocksPerItem - 1) / BlocksPerItem;

    public void Run(int item, int worker)
    {
        int panel = item / RowItems, rowItem = item % RowItems;
        int firstBlock = rowItem * BlocksPerItem, endBlock = Math.Min(activations.Blocks, firstBlock + BlocksPerItem);
        int firstRow = activations.FirstRow(firstBlock), rows = activations.FirstRow(endBlock) - firstRow;
        int tiles = Math.Min(PanelTiles, weight.Tiles - (panel * PanelTiles));
        float* sums = (float*)pool.Scratch(worker);
        new Span<float>(sums, rows * IntegerTileArguments.SumColumns).Clear();
        byte* start = (byte*)weight.Address + (panel * PanelTiles * weight.TileBytes);

        if (emitted is not null && rows >= RowsToUnpack && tiles == PanelTiles && CanUnpack) MultiplyUnpacked(start, firstBlock, endBlock, sums, (byte*)(sums + (96 * IntegerTileArguments.SumColumns)));
        else MultiplyDirect(start, tiles, firstBlock, endBlock, sums);
        output.Finish<T>(sums, IntegerTileArguments.SumColumns, firstRow, rows, panel * PanelTiles * Packing.Columns, tiles * Packing.Columns);
    }

    // Pieces of an unpacked panel end at headers.
    private bool CanUnpack => weight.Format.Codes == CodeType.Bits4 && (PieceGroups % GroupsPerHeader == 0 || GroupsPerHeader >= activations.Groups);

    private int GroupsPerHeader => Math.Min(weight.Format.GroupSize / Packing.Group, activations.Groups);

    private void MultiplyDirect(byte* panel, int tiles, int firstBlock, int endBlock, float* sums)
    {
        for (int block = firstBlock; block < endBlock; block++)
        {
            int first = activations.FirstRow(block), rows = activations.FirstRow(block + 1) - first;
            float* blockSums = sums + ((first - activations.FirstRow(firstBlock)) * IntegerTileArguments.SumColumns);
            int step = rows <= 2 ? PanelTiles : 2;
            for (int tile = 0; tile < tiles; tile += step)
            {
                byte* at = panel + (tile * weight.TileBytes);
                int count = Math.Min(step, tiles - tile);
                float* tileSums = blockSums + (tile * Packing.Columns);
                if (emitted is null)
                {
                    for (int i = 0; i < count; i++)
                        IntegerTiles<T>.Multiply(weight.Format, at + (i * weight.TileBytes), activations.Groups, (byte*)activations.Block(block), activations.GroupStride(block), rows, tileSums + (i * Packing.Columns));
                    continue;
                }
                int perHeader = GroupsPerHeader, headers = activations.Groups / perHeader, rest = activations.Groups % perHeader;
                var arguments = new IntegerTileArguments
                {
                    TileStride = (nint)weight.TileBytes,
                    ActivationStride = activations.GroupStride(block),
                    Sums = tileSums,
                };
                arguments.Headers = at;
                arguments.Codes = at + weight.Format.HeaderBytes;
                arguments.Activations = (byte*)activations.Block(block);
                arguments.GroupsPerHeader = perHeader;
                arguments.HeadersLeft = headers;
                emitted.Direct(rows, count, &arguments);
                if (rest == 0) continue;
                // The last header has fewer groups under it.
                arguments.Headers = at + (headers * (weight.Format.HeaderBytes + (perHeader * weight.Format.CodeBytes)));
                arguments.Codes = arguments.Headers + weight.Format.HeaderBytes;
                arguments.Activations = (byte*)activations.Block(block) + ((long)headers * perHeader * activations.GroupStride(block));
                arguments.GroupsPerHeader = rest;
                arguments.HeadersLeft = 1;
                emitted.Direct(rows, count, &arguments);
            }
        }
    }

    private void MultiplyUnpacked(byte* panel, int firstBlock, int endBlock, float* sums, byte* codes)
    {
        PackedFormat format = weight.Format;
        int perHeader = GroupsPerHeader;
        nint headerStride = format.HeaderBytes + (perHeader * format.CodeBytes);
        for (int group = 0; group < activations.Groups; group += PieceGroups)
        {
            int groups = Math.Min(PieceGroups, activations.Groups - group);
            byte* headers = panel + (group / perHeader * headerStride);
            for (int tile = 0; tile < PanelTiles; tile++)
            {
                for (int g = 0; g < groups; g++)
                {
                    byte* source = panel + (tile * weight.TileBytes) + (((group + g) / perHeader + 1) * format.HeaderBytes) + ((group + g) * format.CodeBytes);
                    byte* to = codes + (g * IntegerTileEmitter.UnpackedGroupStride) + (tile * IntegerTileEmitter.UnpackedTileBytes);
                    for (int vector = 0; vector < 4; vector++) T.UnpackNibbles(source + (64 * vector), to + (128 * vector), to + (128 * vector) + 64);
                }
            }
            int underHeader = Math.Min(perHeader, groups), whole = groups / underHeader, rest = groups % underHeader;
            for (int block = firstBlock; block < endBlock; block++)
            {
                int first = activations.FirstRow(block), rows = activations.FirstRow(block + 1) - first, stride = activations.GroupStride(block);
                for (int row = 0; row < rows; row += EmittedIntegerTiles.UnpackedRows)
                {
                    int count = Math.Min(EmittedIntegerTiles.UnpackedRows, rows - row);
                    var arguments = new IntegerTileArguments
                    {
                        Codes = codes,
                        Headers = headers,
                        TileStride = (nint)weight.TileBytes,
                        HeaderStride = headerStride,
                        Activations = (byte*)activations.Block(block) + ((long)group * stride) + (row * ActivationGroup.Size),
                        ActivationStride = stride,
                        Sums = sums + ((first - activations.FirstRow(firstBlock) + row) * IntegerTileArguments.SumColumns),
                        GroupsPerHeader = underHeader,
                        HeadersLeft = whole,
                    };
                    emitted!.Unpacked(count, PanelTiles, &arguments);
                    if (rest == 0) continue;
                    arguments.Codes = codes + (whole * underHeader * IntegerTileEmitter.UnpackedGroupStride);
                    arguments.Headers = headers + (whole * headerStride);
                    arguments.Activations = (byte*)activations.Block(block) + ((long)(group + (whole * underHeader)) * stride) + (row * ActivationGroup.Size);
                    arguments.GroupsPerHeader = rest;
                    arguments.HeadersLeft = 1;
                    emitted.Unpacked(count, PanelTiles, &arguments);
                }
            }
        }
    }
}
