using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The product of up to 32 rows of bf16 activations with nibbles by column. One item is some panels of up to 64 output features.</summary>
/// <param name="pairs">[inputs / 2][rows][2] bf16 (<see cref="BFloatPairs{T}"/>).</param>
internal readonly unsafe struct NibbleColumnLinearJob<T>(ComputePool pool, PackedWeight weight, ushort* pairs, int rows, ProductOutput output) : IJob
    where T : unmanaged, ILanes<T>
{
    public const int MaxRows = NibbleColumnEmitter.MaxRows;

    private readonly NibbleColumnTiles tiles = NibbleColumnTiles.Of(weight.Format);
    private readonly OutputPanels panels = new(weight.Tiles, output.IsGated);
    private readonly ProductItems items = new(new OutputPanels(weight.Tiles, output.IsGated).Count, rows, MaxRows, MaxRows, pool.Workers);

    public int Items => items.Count;

    public void Run(int item, int worker)
    {
        (int first, int end, _, _) = items.Item(item);
        byte* scratch = (byte*)pool.Scratch(worker);
        float* columns = (float*)(scratch + NibbleColumnEmitter.ScratchBytes), sums = columns + (OutputPanels.SumColumns * MaxRows) + Transposition.Overrun;
        byte* constants = stackalloc byte[2 * 64];
        tiles.CopyConstants(weight.Format.Codes == CodeType.Levels4 ? (float*)weight.Format.Levels : null, constants);
        AmxTiles.ConfigureColumns(rows);
        for (int panel = first; panel < end; panel++)
        {
            // One row's columns are a row of sums already.
            float* to = rows == 1 ? sums : columns;
            new Span<float>(to, OutputPanels.SumColumns * rows).Clear();
            for (int run = 0; run < panels.Runs; run++) Multiply(panels.Run(panel, run), constants, scratch, to);
            if (rows > 1) Transposition.Run(columns, rows, OutputPanels.SumColumns, sums);
            output.Finish<T>(sums, 0, rows, panel);
        }
        AmxTiles.Release();
    }

    private void Multiply((int First, int Count, int Column) run, byte* constants, byte* scratch, float* columns)
    {
        nint tileBytes = (nint)weight.TileBytes;
        int groups = (int)(PackedFormat.Padded(weight.InputFeatures) / Packing.Group);
        tiles.Multiply(constants, (byte*)weight.Address + (run.First * tileBytes), tileBytes, run.Count, groups, pairs, rows, scratch, columns + (run.Column * rows));
    }
}
