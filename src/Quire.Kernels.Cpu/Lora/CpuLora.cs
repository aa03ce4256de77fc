using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>An adapter's update of one product, or of a table: all its A stacked as one small matrix, and a B for each part.</summary>
/// <param name="memory">All that is read for a row lies in it in the order of reading, so that what is fetched ahead is what comes next.</param>
/// <param name="shrink">[sum of ranks, inputs]; null where no part is low-rank, and for tables.</param>
/// <param name="table">Of a table, [vocabulary, rank]: its rows are looked up.</param>
/// <param name="parts">In the order of their ranks in <paramref name="shrink"/>.</param>
/// <param name="bias">f32 [outputs], added; null adds nothing.</param>
internal sealed class CpuLora(NativeBuffer memory, ShrinkRows? shrink, PackedWeight? table, CpuLoraPart[] parts, NativeBuffer? bias) : PreparedLora
{
    /// <summary>Of all that is read for a row.</summary>
    public nint Address => memory.Address;

    public ShrinkRows? Shrink => shrink;

    public PackedWeight? Table => table;

    public CpuLoraPart[] Parts => parts;

    public nint Bias => bias?.Address ?? 0;

    public override long ByteCount => memory.Length + (table?.ByteCount ?? 0) + (bias?.Length ?? 0);

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        memory.Dispose();
        table?.Dispose();
        bias?.Dispose();
    }
}

/// <param name="Expand">[outputs, rank], or [outputs, inputs] of a part that is not low-rank.</param>
/// <param name="FirstRank">Its first column of the shrunk rows; -1 reads the input itself.</param>
/// <param name="FirstOutput">Its first column of the output.</param>
internal readonly record struct CpuLoraPart(ExpandTiles Expand, int FirstRank, int FirstOutput);

/// <summary>Tiles of 16 outputs, as <see cref="Packing"/> makes them.</summary>
/// <param name="Codes">F32, BF16 or F16.</param>
internal readonly record struct ExpandTiles(nint Address, CodeType Codes, int Outputs, int Inputs, nint TileBytes);
