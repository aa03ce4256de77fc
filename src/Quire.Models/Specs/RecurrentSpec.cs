using Quire.Tensors;

namespace Quire.Models;

/// <summary>A layer that keeps a state of fixed size instead of keys and values: a causal convolution, gated, or followed by a delta rule.</summary>
/// <param name="Kernel">Tokens that the convolution reads, at least 2.</param>
/// <param name="Channels">Elements of a row that it goes over.</param>
/// <param name="Delta">Null: input and output of the convolution are gated, and that is all.</param>
public sealed record RecurrentSpec(int Kernel, int Channels, DeltaSpec? Delta = null)
{
    /// <summary>Elements of a row of the input projection.</summary>
    public int RowSize => Delta is { } delta ? Channels + delta.OutputSize : 3 * Channels;

    /// <summary>Elements of what the output projection reads.</summary>
    public int OutputSize => Delta?.OutputSize ?? Channels;

    /// <summary>Bytes of a state.</summary>
    public long StateBytes => 4L * (((Kernel - 1) * Channels) + (Delta?.MatrixFloats ?? 0));
}

/// <summary>A gated delta rule.</summary>
/// <param name="KeyHeads">Divides <paramref name="ValueHeads"/>.</param>
/// <param name="Norm">Of each head's output.</param>
public sealed record DeltaSpec(int KeyHeads, int ValueHeads, int KeySize, int ValueSize, NormSpec Norm)
{
    public int OutputSize => ValueHeads * ValueSize;

    /// <summary>Floats of all heads' matrices.</summary>
    public int MatrixFloats => ValueHeads * DeltaRule.MatrixFloats(KeySize, ValueSize);
}
