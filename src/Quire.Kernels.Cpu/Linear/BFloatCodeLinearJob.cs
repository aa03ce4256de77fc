using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The product of bf16 activations with codes. One item is some panels of up to 64 output features for as many rows as the second-level cache holds. Codes are unpacked in registers for
/// each block of rows, or widened to bf16 piece by piece in scratch memory.</summary>
internal readonly unsafe struct BFloatCodeLinearJob<T>(ComputePool pool, PackedWeight weight, BFloatRecords records, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
{
    // Two tiles' piece as packed fills 32 KB of the nearest cache, widened half as much.
    private const int PieceBytes = 16 * 1024;
    private const int WideGroups = BFloatRuns.MaxGroups;
    private const int WideStride = WideGroups * BFloatCodeEmitter.WideBytes;
    private const int ItemsPerWorker = 4;
    private const int FewBlocks = 6;

    private readonly PackedFormat format = weight.Format;
    private readonly BFloatCodeTiles tiles = BFloatCodeTiles.Of(weight.Format);
    private readonly OutputPanels panels = new(weight.Tiles, output.IsGated);
    private readonly int blocksPerItem = Blocking.Rows((int)BFloatRecords.Bytes(1, records.Runs.RowGroups)) / BFloatCodeTiles.Of(weight.Format).BlockRows;

    // With few rows an item is a run of panels, so that what a thread fetches is what it multiplies next.
    private readonly int panelsPerItem = records.Blocks.Count <= FewBlocks ? Math.Max(1, weight.Tiles / OutputPanels.Tiles / (ItemsPerWorker * pool.Workers)) : 1;

    public int Items => PanelItems * ((records.Blocks.Count + blocksPerItem - 1) / blocksPerItem);

    private int PanelItems => (panels.Count + panelsPerItem - 1) / panelsPerItem;

    public void Run(int item, int worker)
    {
        int first = item % PanelItems * panelsPerItem, end = Math.Min(panels.Count, first + panelsPerItem);
        int firstBlock = item / PanelItems * blocksPerItem, endBlock = Math.Min(records.Blocks.Count, firstBlock + blocksPerItem);
        int firstRow = records.Blocks.First(firstBlock), rows = records.Blocks.First(endBlock) - firstRow;
        float* sums = (float*)pool.Scratch(worker);
        for (int panel = first; panel < end; panel++)
        {
            new Span<float>(sums, rows * OutputPanels.SumColumns).Clear();
            for (int run = 0; run < panels.Runs; run++)
            {
                (int tile, int count, int column) = panels.Run(panel, run);
                Multiply(tile, count, firstBlock, endBlock, sums + column);
            }
            output.Finish<T>(sums, firstRow, rows, panel);
        }
    }

    private void Multiply(int first, int count, int firstBlock, int endBlock, float* sums)
    {
        bool isWide = tiles.Widens(records.Blocks.Count);
        int step = tiles.Tiles(records.Blocks.Largest), groups = records.Runs.RowGroups, firstRow = records.Blocks.First(firstBlock);
        int piece = isWide ? WideGroups : records.Blocks.Count > 1 ? PieceBytes / format.CodeBytes : groups;
        byte* wide = (byte*)(sums + (Blocking.MaxRows * OutputPanels.SumColumns));
        for (int tile = 0; tile < count; tile += step)
        {
            int width = Math.Min(step, count - tile);
            byte* start = (byte*)weight.Address + ((first + tile) * weight.TileBytes);
            for (int group = 0, length; group < groups; group += length)
            {
                length = records.Runs.Piece(group, piece);
                for (int i = 0; i < width && isWide; i++) Widen(start + (i * weight.TileBytes), group, length, wide + (i * WideStride));
                byte* next = group + length < groups ? Piece(start, group + length).Codes : Piece(start + (width * weight.TileBytes), 0).Codes;
                for (int block = firstBlock; block < endBlock; block++)
                {
                    float* to = sums + ((records.Blocks.First(block) - firstRow) * OutputPanels.SumColumns) + (tile * Packing.Columns);
                    Multiply(start, next, isWide ? wide : null, width, block, group, length, to);
                }
            }
        }
    }

    // A piece of one block of rows.
    private void Multiply(byte* tile, byte* next, byte* wide, int width, int block, int group, int length, float* sums)
    {
        nint tileBytes = (nint)weight.TileBytes;
        BFloatCodeArguments arguments = Piece(tile, group);
        arguments.CodeStride = arguments.HeaderStride = tileBytes;
        arguments.Next = next;
        byte* packed = arguments.Codes;
        if (wide != null)
        {
            arguments.Codes = wide;
            arguments.CodeStride = WideStride;
        }
        arguments.Records = records.Block(block, group);
        arguments.Sums = sums;
        int rows = records.Blocks.Size(block), whole = length / records.Runs.Groups, done = whole * records.Runs.Groups;
        if (whole > 0)
        {
            arguments.Runs = whole;
            tiles.Multiply(wide != null, rows, width, &arguments);
        }
        if (done == length) return;
        BFloatCodeArguments last = Piece(tile, group + done);
        arguments.Headers = last.Headers;
        arguments.Codes = wide != null ? wide + (done * BFloatCodeEmitter.WideBytes) : last.Codes;
        arguments.Next = next + (last.Codes - packed);
        arguments.Records = records.Block(block, group + done);
        arguments.Groups = length - done;
        arguments.Runs = 1;
        tiles.Multiply(wide != null, rows, width, &arguments);
    }

    private void Widen(byte* tile, int group, int length, byte* wide)
    {
        int whole = length / records.Runs.Groups, done = whole * records.Runs.Groups;
        BFloatCodeArguments arguments = Piece(tile, group);
        arguments.Wide = wide;
        arguments.Runs = whole;
        if (whole > 0) tiles.Widen(&arguments);
        if (done == length) return;
        arguments = Piece(tile, group + done);
        arguments.Wide = wide + (done * BFloatCodeEmitter.WideBytes);
        arguments.Groups = length - done;
        arguments.Runs = 1;
        tiles.Widen(&arguments);
    }

    // Where a tile's run begins, as packed.
    private BFloatCodeArguments Piece(byte* tile, int group)
    {
        int perHeader = records.Runs.PerHeader;
        nint headerBytes = format.HeaderBytes, step = headerBytes + (perHeader * format.CodeBytes);
        byte* header = tile + (group / perHeader * step);
        return new BFloatCodeArguments
        {
            Headers = header,
            Codes = header + headerBytes + (group % perHeader * format.CodeBytes),
            HeaderStep = records.Runs.CutsHeaders ? 0 : step,
            CodeGap = records.Runs.CutsHeaders ? 0 : headerBytes,
            Groups = records.Runs.Groups,
            Constants = BFloatCodeTiles.ConstantsOf(format),
        };
    }
}
