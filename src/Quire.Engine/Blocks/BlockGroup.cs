namespace Quire.Engine;

/// <summary>One table of every sequence: the rule that it follows, the pool that its blocks come from, and how many tokens a block has.</summary>
/// <param name="Index">Of its table.</param>
/// <param name="Blocks">KV blocks to one of this group's: 1, or those of an interval after which recurrent layers' states are kept.</param>
internal sealed record BlockGroup(int Index, IKvRule Rule, BlockPool Pool, int Tokens, int Blocks)
{
    /// <summary>The KV block whose chain hash stands for all tokens up to the end of this group's block.</summary>
    public int LastBlock(int block) => ((block + 1) * Blocks) - 1;

    /// <summary>Blocks that <paramref name="tokens"/> tokens take.</summary>
    public int CountFor(int tokens) => (tokens + Tokens - 1) / Tokens;

    /// <summary>The block with a sequence's tokens up to the end of its block of this number, or -1.</summary>
    public int Find(Sequence sequence, int block) => Pool.Find(sequence.Key(LastBlock(block), Index), sequence.Root, sequence.BlockContents(LastBlock(block)));

    /// <summary>Makes a full block of a sequence findable.</summary>
    public void Cache(Sequence sequence, int block) => Pool.Cache(sequence.Tables[Index][block], sequence.Key(LastBlock(block), Index), sequence.Root, sequence.BlockContents(LastBlock(block)));
}
