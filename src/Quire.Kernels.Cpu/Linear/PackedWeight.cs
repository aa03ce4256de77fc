using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A CPU weight in one packed format.</summary>
internal sealed class PackedWeight : PreparedLinear
{
    private readonly NativeBuffer memory;

    public PackedWeight(PackedFormat format, long outputs, long inputs) : base(outputs, inputs)
    {
        Format = format;
        TileBytes = format.TileBytes(inputs);
        memory = new NativeBuffer(Tiles * TileBytes);
    }

    public PackedFormat Format { get; }

    public nint Address => memory.Address;

    /// <summary>Bytes of 16 output features.</summary>
    public long TileBytes { get; }

    public int Tiles => (int)((OutputFeatures + Packing.Columns - 1) / Packing.Columns);

    public override long ByteCount => memory.Length;

    protected override void Dispose(bool disposing)
    {
        if (disposing) memory.Dispose();
    }
}
