using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The product of bf16 activations. One item is some panels of up to 64 output features for as many rows as the second-level cache holds; coded weights are widened to bf16 piece by piece in
/// scratch memory, bf16 weights are read where they are.</summary>
/// <param name="input">[rows, padded][<see cref="IBFloatTiles.RowStride"/>] bf16, zero past the weight's inputs.</param>
internal readonly unsafe struct BFloatLinearJob<T, TTiles>(ComputePool pool, PackedWeight weight, ushort* input, int rows, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
    where TTiles : IBFloatTiles
{
    // Of few rows, four tiles' piece fills 32 KB of the nearest cache.
    private const int CodedPiece = 256;
    private const int FewRowsPiece = 4096;

    private readonly OutputPanels panels = new(weight.Tiles, output.IsGated);
    private readonly EmittedWidening? widening = weight.Format.IsCoded ? EmittedWidening.Of(weight.Format) : null;
    private readonly int inputs = (int)weight.InputFeatures;
    private readonly int stride = TTiles.RowStride((int)weight.InputFeatures);
    private readonly ProductItems items = new(new OutputPanels(weight.Tiles, output.IsGated).Count, rows, TTiles.MaxRowBlock((int)weight.InputFeatures), TTiles.BlockRows, pool.Workers);

    public int Items => items.Count;

    public void Run(int item, int worker)
    {
        (int first, int end, int firstRow, int count) = items.Item(item);
        TTiles.Begin();
        for (int panel = first; panel < end; panel++)
        {
            float* sums = (float*)pool.Scratch(worker);
            for (int run = 0; run < panels.Runs; run++) Multiply(panels.Run(panel, run), firstRow, count, sums);
            output.Finish<T>(sums, firstRow, count, panel);
        }
        TTiles.End();
    }

    private void Multiply((int First, int Count, int Column) tiles, int firstRow, int count, float* sums)
    {
        byte* wide = (byte*)(sums + (TTiles.MaxRows * OutputPanels.SumColumns));
        byte* start = (byte*)weight.Address + (tiles.First * weight.TileBytes);
        ushort* a = input + ((long)firstRow * stride);
        bool isCoded = weight.Format != PackedFormat.BF16;
        // A single block of rows reads each weight once: its pieces only keep a call short.
        int piece = count > TTiles.BlockRows ? TTiles.Piece : isCoded ? CodedPiece : FewRowsPiece;
        for (int k = 0; k < inputs; k += piece)
        {
            int length = Math.Min(piece, inputs - k);
            byte* weights = isCoded ? wide : start + (k * 2 * Packing.Columns);
            nint tileStride = isCoded ? piece * 2 * Packing.Columns : (nint)weight.TileBytes;
            if (isCoded)
            {
                for (int tile = 0; tile < tiles.Count; tile++)
                {
                    byte* coded = start + (tile * weight.TileBytes);
                    var to = (ushort*)(wide + (tile * tileStride));
                    if (widening is not null) widening.Widen(weight.Format, coded, k, length, to);
                    else Widening<T>.WidenToBf16(weight.Format, coded, k, length, to);
                }
            }
            byte* next = isCoded ? null : k + piece < inputs ? weights + (piece * 2 * Packing.Columns) : start + (tiles.Count * weight.TileBytes);
            TTiles.Multiply(weights, tileStride, a + k, stride, count, tiles.Count, length, sums + tiles.Column, adds: k > 0, next);
        }
    }
}
