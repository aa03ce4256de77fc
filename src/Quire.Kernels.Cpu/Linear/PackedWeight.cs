using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>How a packed weight keeps its numbers. Every format keeps tiles of 16 output features contiguous over all input features.</summary>
internal enum PackedFormat
{
    /// <summary>[N/16][K][16] f32.</summary>
    F32,

    /// <summary>[N/16][K/2][16][2] bf16.</summary>
    BF16,

    /// <summary>[N/16][K/2][16][2] half precision.</summary>
    F16,

    /// <summary>[N/16][K/32] groups of { f16 scale[16], f16 minimum[16], [16 pairs of K][16] bytes: low nibble even K, high nibble odd }.</summary>
    Int4,

    /// <summary>[N/16][K/32] groups of { f16 scale[16], [32][16] signed bytes }.</summary>
    Int8,
}

/// <summary>A CPU weight: one or more matrices stacked along the output features, each in its own format (GGUF files mix them).</summary>
internal sealed class PackedWeight : PreparedLinear
{
    private readonly NativeBuffer memory;

    public PackedWeight(PackedFormat format, long outputs, long inputs, NativeBuffer memory) : base(outputs, inputs)
    {
        Format = format;
        this.memory = memory;
        TileBytes = Packing.TileBytes(format, inputs);
    }

    public PackedFormat Format { get; }

    public nint Address => memory.Address;

    /// <summary>Bytes of 16 output features.</summary>
    public long TileBytes { get; }

    public int Tiles => (int)((OutputFeatures + 15) / 16);

    public override long ByteCount => memory.Length;

    protected override void Dispose(bool disposing)
    {
        if (disposing) memory.Dispose();
    }
}
