using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounded activations times a coded weight. One item is a panel of up to 64 output features for up to 96 rows; within it a pair of tiles stays in
/// the nearest cache while all rows pass.</summary>
internal readonly unsafe struct IntegerLinearJob<T>(ComputePool pool, PackedWeight weight, ActivationRows activations, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int PanelTiles = IntegerTileArguments.SumColumns / Packing.Columns;
    private const int BlocksPerItem = 96 / ActivationRows.MaxBlockRows;

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
        int step = emitted is null ? 1 : EmittedIntegerTiles.Tiles(rows);
        for (int tile = 0; tile < tiles; tile += step)
        {
            for (int block = firstBlock; block < endBlock; block++)
            {
                float* tileSums = sums + ((activations.FirstRow(block) - firstRow) * IntegerTileArguments.SumColumns) + (tile * Packing.Columns);
                Multiply(start + (tile * weight.TileBytes), Math.Min(step, tiles - tile), block, tileSums);
            }
        }
        output.Finish<T>(sums, IntegerTileArguments.SumColumns, firstRow, rows, panel * PanelTiles * Packing.Columns, tiles * Packing.Columns);
    }

    private void Multiply(byte* tile, int tiles, int block, float* sums)
    {
        int rows = activations.FirstRow(block + 1) - activations.FirstRow(block), stride = activations.GroupStride(block), groups = activations.Groups;
        PackedFormat format = weight.Format;
        byte* records = (byte*)activations.Block(block);
        if (emitted is null)
        {
            IntegerTiles<T>.Multiply(format, tile, groups, records, stride, rows, sums);
            return;
        }
        // Whole headers first; the last one may have fewer groups under it.
        int perHeader = Math.Min(format.GroupSize / Packing.Group, groups), headers = groups / perHeader, rest = groups % perHeader;
        var arguments = new IntegerTileArguments
        {
            Headers = tile,
            Codes = tile + format.HeaderBytes,
            TileStride = (nint)weight.TileBytes,
            Activations = records,
            ActivationStride = stride,
            Sums = sums,
            GroupsPerHeader = perHeader,
            HeadersLeft = headers,
        };
        emitted.Run(rows, tiles, &arguments);
        if (rest == 0) return;
        arguments.Headers = tile + (headers * (format.HeaderBytes + (perHeader * format.CodeBytes)));
        arguments.Codes = arguments.Headers + format.HeaderBytes;
        arguments.Activations = records + ((long)headers * perHeader * stride);
        (arguments.GroupsPerHeader, arguments.HeadersLeft) = (rest, 1);
        emitted.Run(rows, tiles, &arguments);
    }
}
