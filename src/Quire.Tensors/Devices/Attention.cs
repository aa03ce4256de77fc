namespace Quire.Tensors;

/// <summary>One layer's blocks in the KV pool: [blocks, blockBytes]. Inside a block each KV head is contiguous, keys before values; the layout within a head is the device's.</summary>
/// <param name="Blocks">u8 [blocks, bytes of one block of this pool]; at least <see cref="KvLayout.BlockBytes"/> a block.</param>
/// <param name="Layout">What a block holds.</param>
public readonly record struct KvCache(Tensor Blocks, KvLayout Layout);

/// <summary>What one layer keeps of a block of 16 tokens.</summary>
/// <param name="KvHeads">Key / value heads.</param>
/// <param name="HeadSize">Elements of a head as the model says.</param>
/// <param name="Type"><see cref="DType.F32"/>, <see cref="DType.BF16"/> or <see cref="DType.F8E4M3"/>.</param>
/// <param name="KeyScale">Float8 keys are kept as key / KeyScale, clamped to plus and minus 448.</param>
/// <param name="ValueScale">The same for values.</param>
/// <param name="LatentSize">Values are this many leading elements of their keys and take no memory of their own (multi-head latent attention, one KV head); 0: they are as long as keys.</param>
public readonly record struct KvLayout(int KvHeads, int HeadSize, DType Type, float KeyScale = 1, float ValueScale = 1, int LatentSize = 0)
{
    /// <summary>Tokens of a block.</summary>
    public const int BlockTokens = 16;

    /// <summary>Head size in memory: a whole number of 16-element vectors, the rest zero.</summary>
    public int PaddedHeadSize => (HeadSize + 15) & ~15;

    public bool IsLatent => LatentSize > 0;

    /// <summary>Elements of a value.</summary>
    public int ValueSize => IsLatent ? LatentSize : HeadSize;

    public int PaddedValueSize => (ValueSize + 15) & ~15;

    /// <summary>Bytes of one head's keys (or values) in a block.</summary>
    public long HeadBytes => (long)BlockTokens * PaddedHeadSize * Type.Size();

    /// <summary>Bytes of one block of this layer.</summary>
    public long BlockBytes => (IsLatent ? 1 : 2) * KvHeads * HeadBytes;
}

/// <summary>The ragged batch as attention of one KV group sees it. All tensors are i32.</summary>
/// <param name="Positions">[tokens]: position of each row in its sequence.</param>
/// <param name="QueryStart">[sequences + 1]: first row of each sequence; the last entry is the number of rows.</param>
/// <param name="SeqLens">[sequences]: tokens in the cache once this step's rows are written; 0 is a padding row.</param>
/// <param name="BlockTable">[sequences, maxBlocks]: block ids of each sequence, by position / 16.</param>
/// <param name="SlotMapping">[tokens]: block id * 16 + offset that each row is written to; -1 writes nothing.</param>
public readonly record struct AttentionBatch(Tensor Positions, Tensor QueryStart, Tensor SeqLens, Tensor BlockTable, Tensor SlotMapping);

/// <summary>Which cached tokens a query row sees, and how scores are scaled.</summary>
/// <param name="Scale">Multiplies query · key.</param>
/// <param name="Window">A row sees this many tokens, itself included; 0 means all before it.</param>
/// <param name="Cap">Scaled scores become cap * tanh(score / cap); 0 caps nothing.</param>
/// <param name="IsChunked">The window does not slide: positions are in chunks of its size, and a row sees the tokens of its own chunk.</param>
/// <param name="Slopes">f32 [heads]: scaled scores get + slope * (key position - query position); empty for none.</param>
/// <param name="Sinks">f32 [heads]: one more score of each head, of a token without a value; empty for none.</param>
/// <param name="IsBidirectional">A row sees the tokens behind it too, of all that are in the cache; a window reaches as far behind as before.</param>
public readonly record struct AttentionRule(float Scale, int Window = 0, float Cap = 0, Tensor Sinks = default, Tensor Slopes = default, bool IsChunked = false, bool IsBidirectional = false);

/// <summary>How rows of [query | key | value] become heads.</summary>
/// <param name="Heads">Query heads; query head h reads KV head h / (Heads / KvHeads).</param>
/// <param name="KvHeads">Key / value heads.</param>
/// <param name="HeadSize">Elements of one head.</param>
/// <param name="QueryNorm">RMS norm over each query head, or over all of them where its weight is that long; default for none.</param>
/// <param name="KeyNorm">The same for key heads.</param>
/// <param name="Rotary">f32 [positions, 2, rotated / 2]: cosines, then sines; empty rotates nothing. Element i pairs with i + rotated / 2.</param>
/// <param name="Clip">Query, key and value are clamped to plus and minus this before anything else; 0 clamps nothing.</param>
/// <param name="QueryScale">f32 [positions]: multiplies query heads in the end; empty for none.</param>
/// <param name="NormAfterRotation">Norms of single heads come after rotation, not before.</param>
public readonly record struct HeadRule(int Heads, int KvHeads, int HeadSize, NormWeight QueryNorm, NormWeight KeyNorm, Tensor Rotary, bool NormAfterRotation = false, float Clip = 0, Tensor QueryScale = default);

/// <summary>How rows of multi-head latent attention (DeepSeek V2, arXiv 2405.04434) become queries and cached latents.</summary>
/// <param name="PlainSize">Leading elements of a query head that do not rotate; they come to a latent's length by a product of their own.</param>
/// <param name="LatentSize">Elements of a latent; a cached row is a latent and the rotated part of the key that all heads share.</param>
/// <param name="LatentNorm">RMS norm of latents before they are cached.</param>
/// <param name="Rotary">f32 [positions, 2, rotated / 2]: cosines, then sines, of the part behind.</param>
public readonly record struct LatentRule(int PlainSize, int LatentSize, NormWeight LatentNorm, Tensor Rotary);
