using Quire.Kernels.Cpu.Embedding;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>output += each row's adapter of its input. Rows of different adapters stand side by side in a step, and no row's result depends on another's.</summary>
/// <param name="input">[rows][inputs] f32; null where inputs are rows of a table, chosen by <paramref name="ids"/>.</param>
/// <param name="ids">i32 [rows], for tables.</param>
/// <param name="slots">i32 [rows]: slot of each row's adapter, -1 for none.</param>
internal readonly unsafe struct LoraJob<T>(ComputePool pool, float* output, int outputs, float* input, int inputs, int* ids, CpuLoraSlots adapters, int* slots, int rows) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int FewRows = 64;

    // Rows without adapters that are looked past.
    private const int FarRows = 4;

    private const int AheadAlone = 2048;

    // Query, key and value.
    private const int MostParts = 3;

    private readonly LoraHeader** headers = adapters.Headers;
    private readonly int count = adapters.Count;

    // Many rows are mostly of few adapters, whose weights then stay in the nearest caches.
    private readonly int rowsPerItem = rows <= FewRows ? 1 : 4;

    public int Items => (rows + rowsPerItem - 1) / rowsPerItem;

    /// <summary>Largest sum of ranks of one product that the threads' scratch holds.</summary>
    public static int MaxRank => ComputePool.ScratchBytes / sizeof(float);

    public void Run(int item, int worker) => Update(item * rowsPerItem, Math.Min(rows, (item + 1) * rowsPerItem), worker);

    /// <summary>Some rows.</summary>
    public void Update(int first, int end, int worker)
    {
        for (int row = first; row < end; row++)
        {
            LoraHeader* header = Of(row);
            if (header != null) Update(header, row, (float*)pool.Scratch(worker), Ahead(header, row));
        }
    }

    // -1 is none, and so is a slot that was never set.
    private LoraHeader* Of(int row) => (uint)slots[row] < (uint)count ? headers[slots[row]] : null;

    // Matrices come from memory once a row, in pieces too short for the processor to see ahead: with each line of a row's, that of the next row's is asked for. Bytes between the two.
    private nint Ahead(LoraHeader* header, int row)
    {
        int next = row + 1;
        while (next < rows && next - row < FarRows && slots[next] < 0) next++;
        LoraHeader* other = next < rows ? Of(next) : null;
        if (other == null || other == header) return AheadAlone;
        for (int line = 0; line < LoraHeader.Bytes(MostParts); line += 64) Fetching.Ahead((byte*)other + line);
        return (nint)((byte*)other - (byte*)header);
    }

    private void Update(LoraHeader* header, int row, float* shrunk, nint ahead)
    {
        float* x = input == null ? null : input + ((long)row * inputs), to = output + ((long)row * outputs);
        if (x == null) EmbeddingRows.Copy(adapters[slots[row]]!.Table!, ids[row], 1, shrunk);
        else if (header->Shrink.Ranks > 0) Shrink(header->Shrink, x, shrunk, ahead);
        for (LoraPlacedPart* part = LoraHeader.PartsOf(header), end = part + header->Parts; part < end; part++)
            Expand(part->Expand, part->FirstRank < 0 ? x : shrunk + part->FirstRank, to + part->FirstOutput, ahead);
        if (header->Bias == null) return;
        for (int i = 0; i < outputs; i++) to[i] += header->Bias[i];
    }

    private static void Shrink(ShrinkRows rows, float* x, float* shrunk, nint ahead)
    {
        switch (rows.Codes)
        {
            case CodeType.F32: ShrinkRow<T, F32Numbers<T>>.Run(rows, x, shrunk, ahead); break;
            case CodeType.BF16: ShrinkRow<T, Bf16Numbers<T>>.Run(rows, x, shrunk, ahead); break;
            default: ShrinkRow<T, F16Numbers<T>>.Run(rows, x, shrunk, ahead); break;
        }
    }

    private static void Expand(in ExpandTiles tiles, float* x, float* to, nint ahead)
    {
        switch (tiles.Codes)
        {
            case CodeType.F32: ExpandRow<T, F32Numbers<T>>.Expand(tiles, x, to, ahead); break;
            case CodeType.BF16: ExpandRow<T, Bf16Numbers<T>>.Expand(tiles, x, to, ahead); break;
            default: ExpandRow<T, F16Numbers<T>>.Expand(tiles, x, to, ahead); break;
        }
    }
}
