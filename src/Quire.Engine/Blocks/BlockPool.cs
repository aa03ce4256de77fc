namespace Quire.Engine;

/// <summary>Identity of a full block's contents: everything from the start of the text to its end, in one KV group.</summary>
internal readonly record struct BlockKey(UInt128 Hash, int Group);

/// <summary>Block ids with reference counts. Free blocks stand in a list, the next to be given out first; a free block that still has a key can be found
/// and taken back until it is given out. Every operation is O(1); nothing is allocated.</summary>
internal sealed class BlockPool
{
    /// <summary>Stands in tables for blocks that no row sees any more; never given out.</summary>
    public const int NullBlock = 0;

    private const int None = -1;

    private readonly int blockTokens;
    private readonly int head, tail;
    private readonly int[] references, previous, next, nextDuplicate, tokens;
    private readonly BlockKey[] keys;
    private readonly UInt128[] roots;
    private readonly bool[] isCached;
    private readonly Dictionary<BlockKey, int> cached;

    /// <param name="blocks">Ids 0 .. blocks - 1, of which 0 is the null block.</param>
    public BlockPool(int blocks, int blockTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 2);
        this.blockTokens = blockTokens;
        Blocks = blocks;
        (head, tail) = (blocks, blocks + 1);
        references = new int[blocks];
        (previous, next) = (new int[blocks + 2], new int[blocks + 2]);
        nextDuplicate = new int[blocks];
        tokens = new int[blocks * blockTokens];
        keys = new BlockKey[blocks];
        roots = new UInt128[blocks];
        isCached = new bool[blocks];
        cached = new Dictionary<BlockKey, int>(blocks);
        (next[head], previous[tail]) = (tail, head);
        for (int block = 1; block < blocks; block++) LinkBefore(tail, block);
    }

    public int Blocks { get; }

    /// <summary>Blocks that can be given out, cached ones included.</summary>
    public int Free { get; private set; }

    public bool IsFree(int block) => references[block] == 0 && block != NullBlock;

    /// <summary>Gives out the block that has been free for longest; what was cached in it is forgotten.</summary>
    public int Allocate()
    {
        int block = next[head];
        if (block == tail) throw new InvalidOperationException("no free block: the caller must ask first");
        Unlink(block);
        if (isCached[block]) Forget(block);
        references[block] = 1;
        return block;
    }

    /// <summary>One more user of a block that <see cref="Find"/> returned.</summary>
    public void Share(int block)
    {
        if (block == NullBlock) return;
        if (references[block]++ == 0) Unlink(block);
    }

    /// <summary>One user less. The last one's block becomes free: behind all others if it can still be found, before all others if not.</summary>
    public void Release(int block)
    {
        if (block == NullBlock || --references[block] > 0) return;
        if (isCached[block]) LinkBefore(tail, block);
        else LinkBefore(next[head], block);
    }

    /// <summary>Makes a full block findable. Two blocks may hold the same contents: the older is found first.</summary>
    /// <param name="root">Salt and adapter of the text.</param>
    /// <param name="contents">The block's tokens.</param>
    public void Cache(int block, BlockKey key, UInt128 root, ReadOnlySpan<int> contents)
    {
        if (isCached[block] || block == NullBlock) return;
        isCached[block] = true;
        (keys[block], roots[block]) = (key, root);
        contents.CopyTo(tokens.AsSpan(block * blockTokens, blockTokens));
        nextDuplicate[block] = None;
        ref int first = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(cached, key, out bool exists);
        if (!exists)
        {
            first = block;
            return;
        }
        int last = first;
        while (nextDuplicate[last] != None) last = nextDuplicate[last];
        nextDuplicate[last] = block;
    }

    /// <summary>The block with this key, or -1. Equal hashes are not enough: root and tokens are compared.</summary>
    public int Find(BlockKey key, UInt128 root, ReadOnlySpan<int> contents)
    {
        if (!cached.TryGetValue(key, out int block)) return None;
        for (; block != None; block = nextDuplicate[block])
            if (roots[block] == root && contents.SequenceEqual(tokens.AsSpan(block * blockTokens, blockTokens))) return block;
        return None;
    }

    /// <summary>Forgets all cached contents. False, and nothing happens, while a block is in use.</summary>
    public bool Reset()
    {
        if (Free != Blocks - 1) return false;
        Array.Clear(isCached);
        cached.Clear();
        return true;
    }

    /// <summary>Withdraws one block's contents: they were announced and then not computed.</summary>
    public void Forget(int block)
    {
        if (!isCached[block]) return;
        isCached[block] = false;
        BlockKey key = keys[block];
        int first = cached[key];
        if (first == block)
        {
            if (nextDuplicate[block] == None) cached.Remove(key);
            else cached[key] = nextDuplicate[block];
            return;
        }
        while (nextDuplicate[first] != block) first = nextDuplicate[first];
        nextDuplicate[first] = nextDuplicate[block];
    }

    private void LinkBefore(int neighbour, int block)
    {
        int before = previous[neighbour];
        (previous[block], next[block]) = (before, neighbour);
        (next[before], previous[neighbour]) = (block, block);
        Free++;
    }

    private void Unlink(int block)
    {
        next[previous[block]] = next[block];
        previous[next[block]] = previous[block];
        Free--;
    }
}
