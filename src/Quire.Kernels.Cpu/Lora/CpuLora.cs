using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>An adapter's update of one product, or of a table: all its A stacked as one small matrix, and a B for each part.</summary>
/// <param name="shrink">[sum of ranks, inputs]; null where no part is low-rank, and for tables.</param>
/// <param name="table">Of a table, [vocabulary, rank]: its rows are looked up.</param>
/// <param name="parts">In the order of their ranks in <paramref name="shrink"/>.</param>
/// <param name="bias">f32 [outputs], added; null adds nothing.</param>
internal sealed class CpuLora(ShrinkRows? shrink, PackedWeight? table, CpuLoraPart[] parts, NativeBuffer? bias) : PreparedLora
{
    public ShrinkRows? Shrink => shrink;

    public PackedWeight? Table => table;

    public CpuLoraPart[] Parts => parts;

    public nint Bias => bias?.Address ?? 0;

    public override long ByteCount => (shrink?.ByteCount ?? 0) + (table?.ByteCount ?? 0) + parts.Sum(part => part.Expand.ByteCount) + (bias?.Length ?? 0);

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        shrink?.Dispose();
        table?.Dispose();
        foreach (CpuLoraPart part in parts) part.Expand.Dispose();
        bias?.Dispose();
    }
}

/// <param name="Expand">[outputs, rank], or [outputs, inputs] of a part that is not low-rank.</param>
/// <param name="FirstRank">Its first column of the shrunk rows; -1 reads the input itself.</param>
/// <param name="FirstOutput">Its first column of the output.</param>
internal readonly record struct CpuLoraPart(PackedWeight Expand, int FirstRank, int FirstOutput);
