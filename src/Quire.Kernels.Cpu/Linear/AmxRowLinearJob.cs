using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Activations of one scale a row times 8-bit codes of one scale a column, in tile registers: runs of 1024 inputs are summed in integers and scaled once.
/// One item is some panels of up to 64 output features for as many rows as the second-level cache holds.</summary>
internal readonly unsafe struct AmxRowLinearJob<T>(ComputePool pool, PackedWeight weight, ActivationCodes activations, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int MaxRows = 384;
    private const int RunInputs = PackedFormat.MaxRunGroups * Packing.Group;

    private readonly OutputPanels panels = new(weight.Tiles, output.IsGated);
    private readonly ProductItems items = new(new OutputPanels(weight.Tiles, output.IsGated).Count, activations.Rows, AmxProducts.MaxRowBlock(activations.RowBytes, MaxRows), AmxProducts.PairRows, pool.Workers);

    /// <summary>Formats with codes of 8 bits and one scale a column.</summary>
    public static bool Takes(PackedFormat format, int groups) => format is { Codes: CodeType.Bits8, Offset: OffsetType.Middle } && format.GroupSize >= groups * Packing.Group;

    public int Items => items.Count;

    public void Run(int item, int worker)
    {
        (int first, int end, int firstRow, int count) = items.Item(item);
        float* sums = (float*)pool.Scratch(worker), dots = sums + (MaxRows * OutputPanels.SumColumns);
        AmxTiles.ConfigureWhole();
        for (int panel = first; panel < end; panel++)
        {
            for (int run = 0; run < panels.Runs; run++) Multiply(panels.Run(panel, run), firstRow, count, sums, dots);
            output.Finish<T>(sums, firstRow, count, panel);
        }
        AmxTiles.Release();
    }

    private void Multiply((int First, int Count, int Column) tiles, int firstRow, int count, float* sums, float* dots)
    {
        byte* header = (byte*)weight.Address + (tiles.First * weight.TileBytes);
        for (int run = 0; run < activations.Runs; run++)
        {
            int k = run * RunInputs, length = Math.Min(RunInputs, (activations.Groups * Packing.Group) - k);
            byte* codes = header + weight.Format.HeaderBytes + (k * Packing.Columns);
            byte* next = run + 1 < activations.Runs ? codes + (RunInputs * Packing.Columns) : header + (tiles.Count * weight.TileBytes);
            AmxProducts.Multiply(AmxKind.Int8, codes, (nint)weight.TileBytes, activations.Codes(firstRow) + k, activations.RowBytes, count, tiles.Count,
                (length + AmxTileEmitter.StepBytes - 1) / AmxTileEmitter.StepBytes, dots + tiles.Column, adds: false, next);
            Scale(header, tiles.Count, firstRow, count, run, (int*)dots + tiles.Column, sums + tiles.Column);
        }
    }

    // sum = fma(dot * weight's scale, activations' scale, sum): the definition of the other int8 products.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scale(byte* header, int tiles, int firstRow, int count, int run, int* dots, float* sums)
    {
        float* scales = stackalloc float[OutputPanels.SumColumns];
        for (int tile = 0; tile < tiles; tile++) T.Store(scales + (tile * Packing.Columns), Widening<T>.Scales(weight.Format.ScaleType, header + (tile * weight.TileBytes)));
        float* rowScale = activations.Scales + firstRow;
        int* start = activations.Starts + ((long)firstRow * activations.Runs) + run;
        int runs = activations.Runs, columns = tiles * Packing.Columns;
        for (int row = 0; row < count; row++, dots += OutputPanels.SumColumns, sums += OutputPanels.SumColumns, start += runs)
        {
            Vector512<int> first = Vector512.Create(*start);
            Vector512<float> scale = Vector512.Create(rowScale[row]);
            for (int column = 0; column < columns; column += Packing.Columns)
            {
                Vector512<float> dot = Vector512.ConvertToSingle(Vector512.Load(dots + column) + first);
                Vector512<float> sum = run == 0 ? Vector512<float>.Zero : Vector512.Load(sums + column);
                Vector512.FusedMultiplyAdd(dot * Vector512.Load(scales + column), scale, sum).Store(sums + column);
            }
        }
    }
}
