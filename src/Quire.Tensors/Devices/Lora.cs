namespace Quire.Tensors;

/// <summary>One module's low-rank update of a product: columns from <paramref name="FirstOutput"/> on get + scale * B (A x).</summary>
/// <param name="A">[rank, inputs]; null where the update is not low-rank: then <paramref name="B"/> is [outputs, inputs].</param>
/// <param name="B">[outputs, rank]</param>
/// <param name="FirstOutput">First column of the product's output that it changes.</param>
/// <param name="Scale">Multiplies B.</param>
public sealed record LoraPart(IWeightRows? A, IWeightRows B, int FirstOutput, float Scale);

/// <summary>What rows of a product get from their adapters before the operation that takes it reads them: one pass over the rows instead of two.</summary>
/// <param name="Input">[rows, inputs] f32: the product's inputs.</param>
/// <param name="Adapters">Null changes nothing.</param>
/// <param name="Slots">i32 [rows]</param>
public readonly record struct LoraUpdate(Tensor Input, LoraSlots? Adapters, Tensor Slots);

/// <summary>The updates of one product by slot, in a table that the device reads row by row.</summary>
public abstract class LoraSlots
{
    /// <summary>No slot changes anything.</summary>
    public abstract bool IsEmpty { get; }

    /// <summary>Puts an update into a slot, or nothing. No step runs meanwhile.</summary>
    /// <param name="update">Prepared by this device. It may be disposed while it stands here, if no later step names the slot before another takes its place.</param>
    public abstract void Set(int slot, PreparedLora? update);
}

/// <summary>An adapter's update of one product, in a device's own layout. Applied with <see cref="IDevice.Lora"/>.</summary>
public abstract class PreparedLora : IDisposable
{
    /// <summary>Bytes of device memory it holds.</summary>
    public abstract long ByteCount { get; }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
