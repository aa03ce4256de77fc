namespace Quire.Tensors;

/// <summary>One layer's states, of every slot.</summary>
/// <param name="Window">f32 [slots, kernel - 1, channels]: what a convolution read last, oldest first.</param>
/// <param name="Matrices">f32 [slots, heads, floats of a matrix]: what a delta rule keeps, in the device's own layout; empty for layers that have none.</param>
public readonly record struct StateCache(Tensor Window, Tensor Matrices);

/// <summary>The ragged batch as recurrent layers see it. All tensors are i32.</summary>
/// <param name="Positions">[tokens]: position of each row in its sequence.</param>
/// <param name="QueryStart">[sequences + 1]: first row of each sequence.</param>
/// <param name="SeqLens">[sequences]: 0 is a padding row.</param>
/// <param name="Slots">[sequences, any]: slots by position / <paramref name="Interval"/>. A slot holds the state after its interval's last token so far: a row reads that of the position before it.
/// Sequences are computed in their order in the batch, so one may go on from a slot that one before it fills in the same step.</param>
/// <param name="Interval">Tokens of a slot.</param>
public readonly record struct StateBatch(Tensor Positions, Tensor QueryStart, Tensor SeqLens, Tensor Slots, int Interval);

/// <summary>A gated delta rule (arXiv 2412.06464): S becomes decay S + key ⊗ beta (value - decay Sᵀ key), the output is Sᵀ query, normalised and gated.</summary>
/// <param name="KeyHeads">Divides <paramref name="ValueHeads"/>; value head h reads key head h / (ValueHeads / KeyHeads).</param>
/// <param name="KeySize">Elements of a query and of a key head; both are divided by their lengths, queries also by the root of this.</param>
/// <param name="ValueSize">Elements of a value head.</param>
/// <param name="Decay">f32 [value heads], negative: decay = e^(Decay · softplus(a + <paramref name="DecayBias"/>)).</param>
/// <param name="DecayBias">f32 [value heads]</param>
/// <param name="Norm">RMS norm over each head's output.</param>
public readonly record struct DeltaRule(int KeyHeads, int ValueHeads, int KeySize, int ValueSize, Tensor Decay, Tensor DecayBias, NormWeight Norm)
{
    /// <summary>Elements of a row's queries, keys and values.</summary>
    public int Channels => (2 * KeyHeads * KeySize) + (ValueHeads * ValueSize);

    /// <summary>Floats of one head's matrix: values are padded to whole vectors of 16.</summary>
    public static int MatrixFloats(int keySize, int valueSize) => keySize * ((valueSize + 15) & ~15);
}
