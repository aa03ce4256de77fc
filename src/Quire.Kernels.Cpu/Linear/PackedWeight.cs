using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A CPU weight in one packed format.</summary>
internal sealed class PackedWeight : PreparedLinear
{
    // Tile registers load 64 inputs at once: of the last tile a group more than it has.
    private readonly NativeBuffer memory;
    private readonly NativeBuffer? order;

    public PackedWeight(PackedFormat format, long outputs, long inputs) : base(outputs, inputs)
    {
        Format = format;
        TileBytes = format.TileBytes(inputs);
        memory = new NativeBuffer((Tiles * TileBytes) + (format.Codes == CodeType.Bits8 ? Packing.Group * Packing.Columns : 0));
    }

    public PackedFormat Format { get; }

    public nint Address => memory.Address;

    /// <summary>Bytes of 16 output features.</summary>
    public long TileBytes { get; }

    public int Tiles => (int)((OutputFeatures + Packing.Columns - 1) / Packing.Columns);

    /// <summary>Multiplies every value of the matrix.</summary>
    public float Factor { get; init; } = 1;

    /// <summary>What <see cref="PackedFormat.Levels"/> points to, owned by this weight.</summary>
    public NativeBuffer? Levels { get; init; }

    /// <summary>What the checkpoint does to inputs before the product; in the inputs' own order.</summary>
    public ActivationScheme? Scheme { get; init; }

    /// <summary>Packed input i is the matrix's input InputOrder[i]; null where they are one.</summary>
    public IReadOnlyList<int>? InputOrder
    {
        init
        {
            if (value is null) return;
            order = new NativeBuffer(value.Count * sizeof(int));
            value.ToArray().CopyTo(order.Tensor(DType.I32, new Shape(value.Count)).AsSpan<int>());
        }
    }

    /// <summary>Address of the input order, i32 [inputs], or 0.</summary>
    public nint OrderAddress => order?.Address ?? 0;

    public override long ByteCount => memory.Length + (order?.Length ?? 0) + (Levels?.Length ?? 0);

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        memory.Dispose();
        order?.Dispose();
        Levels?.Dispose();
    }
}
