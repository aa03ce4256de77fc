using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The product in f32. One item: up to 96 rows of the output for a panel of up to 64 output features. The panel's weights are widened piece by
/// piece into an L1-sized scratch and used for all rows of the item; sums stay in scratch until they are written.</summary>
/// <param name="stride">Elements between rows of the input.</param>
internal readonly unsafe struct LinearJob<T>(ComputePool pool, PackedWeight weight, float* input, int rows, ProductOutput output, int stride) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int PanelTiles = 4;
    private const int PanelColumns = PanelTiles * Packing.Columns;
    private const int RowBlock = 96;
    private const int Piece = 64;

    private readonly int inputs = (int)weight.InputFeatures;

    public int Items => Panels * RowBlocks;

    private int Panels => (weight.Tiles + PanelTiles - 1) / PanelTiles;

    private int RowBlocks => (rows + RowBlock - 1) / RowBlock;

    public void Run(int item, int worker)
    {
        int panel = item / RowBlocks, firstRow = item % RowBlocks * RowBlock;
        int count = Math.Min(RowBlock, rows - firstRow);
        int tiles = Math.Min(PanelTiles, weight.Tiles - (panel * PanelTiles));
        float* sums = (float*)pool.Scratch(worker);
        float* wide = sums + (RowBlock * PanelColumns);
        new Span<float>(sums, count * PanelColumns).Clear();

        byte* panelStart = (byte*)weight.Address + (panel * PanelTiles * weight.TileBytes);
        float* a = input + ((long)firstRow * stride);
        if (weight.Format == PackedFormat.F32)
        {
            RowProducts<T>.Multiply(a, stride, (float*)panelStart, (nint)(weight.TileBytes / 4), sums, PanelColumns, count, tiles, inputs);
        }
        else if (count <= FewRowProducts<T>.MaxRows && FewRowProducts<T>.Has(weight.Format))
        {
            FewRowProducts<T>.Multiply(weight.Format, panelStart, (nint)weight.TileBytes, tiles, a, stride, sums, PanelColumns, count, inputs, wide);
        }
        else
        {
            for (int k = 0; k < inputs; k += Piece)
            {
                int length = Math.Min(Piece, inputs - k);
                for (int tile = 0; tile < tiles; tile++)
                    Widening<T>.Widen(weight.Format, panelStart + (tile * weight.TileBytes), k, length, wide + (tile * Piece * Packing.Columns));
                RowProducts<T>.Multiply(a + k, stride, wide, Piece * Packing.Columns, sums, PanelColumns, count, tiles, length);
            }
        }
        output.Finish<T>(sums, PanelColumns, firstRow, count, panel * PanelColumns, tiles * Packing.Columns);
    }
}
