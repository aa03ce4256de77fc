using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The product of bf16 activations. One item is a panel of up to 64 output features for as many rows as the second-level cache holds; coded weights are widened to bf16 piece by piece in
/// scratch memory, bf16 weights are read where they are.</summary>
/// <param name="input">[rows][stride] bf16, zero past the weight's inputs.</param>
/// <param name="stride">Elements between rows, even.</param>
internal readonly unsafe struct BFloatLinearJob<T>(ComputePool pool, PackedWeight weight, ushort* input, int stride, int rows, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int PanelTiles = BFloatTileEmitter.MaxTiles;
    private const int PanelColumns = PanelTiles * Packing.Columns;

    // A panel's piece of 256 inputs fills 32 KB of the nearest cache. A single block of rows reads each weight once and needs no pieces.
    private const int Piece = 256;

    private readonly int inputs = (int)weight.InputFeatures;
    private readonly int rowBlock = Blocking.Rows(stride * sizeof(ushort));

    public int Items => Panels * RowBlocks;

    private int Panels => (weight.Tiles + PanelTiles - 1) / PanelTiles;

    private int RowBlocks => (rows + rowBlock - 1) / rowBlock;

    public void Run(int item, int worker)
    {
        int panel = item % Panels, firstRow = item / Panels * rowBlock;
        int count = Math.Min(rowBlock, rows - firstRow);
        int tiles = Math.Min(PanelTiles, weight.Tiles - (panel * PanelTiles));
        float* sums = (float*)pool.Scratch(worker);
        byte* wide = (byte*)(sums + (Blocking.MaxRows * PanelColumns));
        new Span<float>(sums, count * PanelColumns).Clear();
        byte* start = (byte*)weight.Address + (panel * PanelTiles * weight.TileBytes);
        ushort* a = input + ((long)firstRow * stride);
        if (weight.Format == PackedFormat.BF16)
        {
            int piece = count <= BFloatTileEmitter.MaxRows ? inputs : Piece;
            for (int k = 0; k < inputs; k += piece)
                Multiply(start + (k * 2 * Packing.Columns), (nint)weight.TileBytes, a + k, sums, count, tiles, Math.Min(piece, inputs - k));
        }
        else
        {
            for (int k = 0; k < inputs; k += Piece)
            {
                int length = Math.Min(Piece, inputs - k);
                for (int tile = 0; tile < tiles; tile++)
                    Widening<T>.WidenToBf16(weight.Format, start + (tile * weight.TileBytes), k, length, (ushort*)(wide + (tile * Piece * 2 * Packing.Columns)));
                Multiply(wide, Piece * 2 * Packing.Columns, a + k, sums, count, tiles, length);
            }
        }
        output.Finish<T>(sums, PanelColumns, firstRow, count, panel * PanelColumns, tiles * Packing.Columns);
    }

    private void Multiply(byte* weights, nint tileStride, ushort* a, float* sums, int count, int tiles, int length)
    {
        // Blocks of nearly equal size: 7 rows are 4 and 3, not 6 and 1.
        int blocks = (count + BFloatTileEmitter.MaxRows - 1) / BFloatTileEmitter.MaxRows;
        for (int block = 0; block < blocks; block++)
        {
            int row = count * block / blocks, end = count * (block + 1) / blocks;
            var arguments = new BFloatTileArguments
            {
                Weights = weights,
                TileStride = tileStride,
                Rows = a + ((long)row * stride),
                RowStride = stride * 2,
                Sums = sums + (row * PanelColumns),
                SumStride = PanelColumns * 4,
                Pairs = (length + 1) / 2,
            };
            BFloatTiles.Run(end - row, tiles, &arguments);
        }
    }
}

/// <summary>Rounds f32 rows to bf16, half to even. One item is a few rows.</summary>
/// <param name="columns">Elements of an input row.</param>
/// <param name="stride">Elements between rows of output; those past the columns become zero.</param>
internal readonly unsafe struct BFloatRounding<T>(float* input, int columns, ushort* output, int stride, int rows) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int RowsPerItem = 4;

    public int Items => (rows + RowsPerItem - 1) / RowsPerItem;

    public void Run(int item, int worker)
    {
        for (int row = item * RowsPerItem; row < Math.Min(rows, (item + 1) * RowsPerItem); row++)
        {
            float* from = input + ((long)row * columns);
            ushort* to = output + ((long)row * stride);
            int k = 0;
            for (; k + 16 <= columns; k += 16) T.StoreBf16(to + k, T.Load(from + k));
            for (; k < columns; k++) to[k] = Packing.RoundToBf16(from[k]);
            for (; k < stride; k++) to[k] = 0;
        }
    }
}
