using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>An adapter's update of one product, or of a table.</summary>
/// <param name="memory">A <see cref="LoraHeader"/> and what it leads to.</param>
/// <param name="table">Of a table, [vocabulary, rank]: its rows are looked up.</param>
/// <param name="bias">f32 [outputs] of the header.</param>
internal sealed class CpuLora(NativeBuffer memory, PackedWeight? table, NativeBuffer? bias) : PreparedLora
{
    public unsafe LoraHeader* Header => (LoraHeader*)memory.Address;

    public PackedWeight? Table => table;

    public override long ByteCount => memory.Length + (table?.ByteCount ?? 0) + (bias?.Length ?? 0);

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        memory.Dispose();
        table?.Dispose();
        bias?.Dispose();
    }
}
