using Quire.Tensors;

namespace Quire.Models;

/// <summary>One step as flat device arrays (i32): sequences of unequal lengths behind each other. Padding rows have slot -1, padding sequences length 0.</summary>
public sealed class RaggedBatch
{
    /// <summary>[tokens]</summary>
    public Tensor TokenIds { get; set; }

    /// <summary>[tokens]</summary>
    public Tensor Positions { get; set; }

    /// <summary>[tokens]: which kind of token each is, for models that have kinds.</summary>
    public Tensor TokenTypes { get; set; }

    /// <summary>[sequences + 1]</summary>
    public Tensor QueryStart { get; set; }

    /// <summary>[sequences]: tokens in the cache after this step.</summary>
    public Tensor SeqLens { get; set; }

    /// <summary>[tokens]: slot of each row's adapter, -1 for none; empty where no row has one.</summary>
    public Tensor AdapterSlots { get; set; }

    /// <summary>[rows of <see cref="LogitsIndices"/>]: the same for them.</summary>
    public Tensor LogitsAdapterSlots { get; set; }

    /// <summary>[rows]: rows of the batch whose logits are wanted.</summary>
    public Tensor LogitsIndices { get; set; }

    /// <summary>By KV group: block tables [sequences, maxBlocks] and slot mapping [tokens].</summary>
    public required GroupBatch[] Groups { get; init; }

    public long Tokens => TokenIds.Shape[0];

    public AttentionBatch Attention(int group) => new(Positions, QueryStart, SeqLens, Groups[group].BlockTables, Groups[group].SlotMapping);
}

/// <summary>What a batch has for each KV group.</summary>
public record struct GroupBatch(Tensor BlockTables, Tensor SlotMapping);
