using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Embedding;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>output += each row's adapter of its input. An item is a few rows; neighbours with one adapter are multiplied together. Rows of different adapters stand side by
/// side in a step, and no row's result depends on another's.</summary>
/// <param name="input">[rows][inputs] f32; null where inputs are rows of a table, chosen by <paramref name="ids"/>.</param>
/// <param name="ids">i32 [rows], for tables.</param>
/// <param name="adapters">By slot; null changes nothing.</param>
/// <param name="slots">i32 [rows]: slot of each row's adapter, -1 for none.</param>
internal readonly unsafe struct LoraJob<T>(ComputePool pool, float* output, int outputs, float* input, int inputs, int* ids, IReadOnlyList<PreparedLora?> adapters, int* slots, int rows) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int RowsPerItem = 4;
    private const int PanelTiles = 4;
    private const int PanelColumns = PanelTiles * Packing.Columns;

    public int Items => (rows + RowsPerItem - 1) / RowsPerItem;

    /// <summary>Largest sum of ranks of one product that the threads' scratch holds.</summary>
    public static int MaxRank => ((ComputePool.ScratchBytes / sizeof(float)) - SmallProduct<T>.ScratchFloats - (RowsPerItem * PanelColumns)) / RowsPerItem / Packing.Columns * Packing.Columns;

    public void Run(int item, int worker)
    {
        int row = item * RowsPerItem, end = Math.Min(rows, row + RowsPerItem);
        while (row < end)
        {
            int next = row + 1;
            while (next < end && slots[next] == slots[row]) next++;
            if (slots[row] >= 0 && adapters[slots[row]] is { } adapter) Update((CpuLora)adapter, row, next - row, (float*)pool.Scratch(worker));
            row = next;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Update(CpuLora adapter, int first, int count, float* scratch)
    {
        float* sums = scratch + SmallProduct<T>.ScratchFloats, shrunk = sums + (RowsPerItem * PanelColumns);
        float* x = input == null ? null : input + ((long)first * inputs);
        int stride = 0;
        if (adapter.Shrink is { } shrink)
        {
            stride = input == null ? (int)shrink.InputFeatures : shrink.Tiles * Packing.Columns;
            if (input == null)
                for (int row = 0; row < count; row++) EmbeddingRows.Copy(shrink, ids[first + row], 1, shrunk + (row * stride));
            else
                for (int tile = 0; tile < shrink.Tiles; tile += PanelTiles)
                    SmallProduct<T>.Multiply(shrink, tile, Math.Min(PanelTiles, shrink.Tiles - tile), x, inputs, count, shrunk + (tile * Packing.Columns), stride, scratch);
        }
        foreach (CpuLoraPart part in adapter.Parts)
        {
            float* from = part.FirstRank < 0 ? x : shrunk + part.FirstRank;
            int fromStride = part.FirstRank < 0 ? inputs : stride;
            for (int tile = 0; tile < part.Expand.Tiles; tile += PanelTiles)
            {
                int tiles = Math.Min(PanelTiles, part.Expand.Tiles - tile);
                SmallProduct<T>.Multiply(part.Expand, tile, tiles, from, fromStride, count, sums, PanelColumns, scratch);
                int column = tile * Packing.Columns, width = Math.Min(tiles * Packing.Columns, (int)part.Expand.OutputFeatures - column);
                for (int row = 0; row < count; row++) Add(output + ((long)(first + row) * outputs) + part.FirstOutput + column, sums + (row * PanelColumns), width);
            }
        }
        if (adapter.Bias == 0) return;
        for (int row = 0; row < count; row++) Add(output + ((long)(first + row) * outputs), (float*)adapter.Bias, outputs);
    }

    private static void Add(float* to, float* from, int count)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16) T.Store(to + i, T.Load(to + i) + T.Load(from + i));
        for (; i < count; i++) to[i] += from[i];
    }
}
