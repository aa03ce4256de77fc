namespace Quire.Engine;

/// <summary>Gives sequences the blocks that their next tokens need, in every KV group, and finds what earlier sequences left.</summary>
internal sealed class BlockManager
{
    private readonly BlockPool pool;
    private readonly IKvRule[] rules;
    private readonly int blockTokens;
    private readonly bool caching;
    private readonly PrefixHasher hasher = new();
    private readonly int[][] hits;

    /// <param name="windows">One entry per KV group: tokens its layers see, 0 for all.</param>
    /// <param name="maxTokens">Longest sequence.</param>
    public BlockManager(int blocks, int blockTokens, IReadOnlyList<int> windows, int maxTokens, bool caching)
    {
        this.blockTokens = blockTokens;
        this.caching = caching;
        pool = new BlockPool(blocks, blockTokens);
        rules = [.. windows.Select(window => window > 0 ? (IKvRule)new SlidingWindowRule(window, blockTokens) : new FullAttentionRule())];
        hits = [.. windows.Select(_ => new int[(maxTokens / blockTokens) + 1])];
    }

    public int Groups => rules.Length;

    /// <summary>Blocks in the pool, without the null block.</summary>
    public int Total => pool.Blocks - 1;

    public int Free => pool.Free;

    public PrefixCacheStatistics Statistics { get; } = new();

    /// <summary>Hash root of a new sequence.</summary>
    public UInt128 Root(EngineRequest request) => hasher.Root(request.Adapter, request.CacheSalt);

    /// <summary>Finds the longest cached prefix, at most all tokens but the last: its logits are needed. The blocks are only named, see <see cref="TryAppend"/>.</summary>
    /// <returns>Cached tokens; the blocks are kept until the next call.</returns>
    public int FindPrefix(Sequence sequence)
    {
        if (!caching || sequence.Parameters.PromptLogprobs is not null) return 0;
        int blocks = (sequence.TokenCount - 1) / blockTokens;
        sequence.HashUpTo(blocks, hasher);
        // Every group may shorten the prefix; a shorter one may not suit the groups before it, so go round until all agree.
        for (int agreed = 0, group = 0; agreed < rules.Length && blocks > 0; group = (group + 1) % rules.Length)
        {
            int length = rules[group].LongestHit(pool, sequence, group, blocks, hits[group]);
            agreed = length == blocks ? agreed + 1 : 1;
            blocks = length;
        }
        return blocks * blockTokens;
    }

    /// <summary>Counts a lookup whose sequence was admitted.</summary>
    public void Record(Sequence sequence, int hit)
    {
        if (caching && sequence.Parameters.PromptLogprobs is null) Statistics.Record(sequence.TokenCount, hit, sequence.WasPreempted);
    }

    /// <summary>Makes room for <paramref name="newTokens"/> more tokens.</summary>
    /// <param name="hitTokens">Tokens that the last <see cref="FindPrefix"/> found for this sequence, which has no blocks yet; 0 if it has.</param>
    /// <param name="spare">Blocks that must stay free.</param>
    /// <param name="wholeMustFit">All tokens of the sequence must fit, not only the new ones.</param>
    /// <returns>False, and nothing happens, if there are too few free blocks.</returns>
    public bool TryAppend(Sequence sequence, int newTokens, int hitTokens = 0, int spare = 0, bool wholeMustFit = false)
    {
        int computed = sequence.ComputedTokens + hitTokens;
        for (int group = 0; group < rules.Length; group++) DropSkipped(sequence, group, sequence.ComputedTokens);
        if (wholeMustFit && Needed(sequence, sequence.TokenCount, hitTokens) > pool.Free) return false;
        if (Needed(sequence, computed + newTokens, hitTokens) + spare > pool.Free) return false;

        for (int group = 0; group < rules.Length; group++)
        {
            BlockTable table = sequence.Tables[group];
            for (int i = 0; i < hitTokens / blockTokens; i++)
            {
                pool.Share(hits[group][i]);
                table.Add(hits[group][i]);
            }
        }
        for (int group = 0; group < rules.Length; group++)
        {
            BlockTable table = sequence.Tables[group];
            while (table.Count * blockTokens < computed + newTokens) table.Add(pool.Allocate());
        }
        if (caching) CacheFull(sequence, Math.Min(computed + newTokens, sequence.TokenCount) / blockTokens);
        return true;
    }

    /// <summary>Gives all blocks back, last first, so that the start of a text is found for longest.</summary>
    public void Release(Sequence sequence)
    {
        foreach (BlockTable table in sequence.Tables)
        {
            for (int i = table.Count - 1; i >= 0; i--) pool.Release(table[i]);
            table.Clear();
        }
    }

    /// <summary>Withdraws what a failed step had announced: contents of the sequence's blocks from token <paramref name="from"/> on.</summary>
    public void Withdraw(Sequence sequence, int from)
    {
        foreach (BlockTable table in sequence.Tables)
            for (int i = from / blockTokens; i < table.Count; i++) pool.Forget(table[i]);
    }

    /// <summary>Forgets all cached prefixes; false while blocks are in use.</summary>
    public bool ResetPrefixCache() => pool.Reset();

    private int Needed(Sequence sequence, int tokens, int hitTokens)
    {
        int needed = 0, hitBlocks = hitTokens / blockTokens;
        for (int group = 0; group < rules.Length; group++)
        {
            needed += Math.Max(0, ((tokens + blockTokens - 1) / blockTokens) - sequence.Tables[group].Count - hitBlocks);
            for (int i = 0; i < hitBlocks; i++)
                if (pool.IsFree(hits[group][i])) needed++;
        }
        return needed;
    }

    private void DropSkipped(Sequence sequence, int group, int computed)
    {
        BlockTable table = sequence.Tables[group];
        for (int i = Math.Min(rules[group].Skipped(computed) / blockTokens, table.Count) - 1; i >= 0 && table[i] != BlockPool.NullBlock; i--)
        {
            pool.Release(table[i]);
            table[i] = BlockPool.NullBlock;
        }
    }

    private void CacheFull(Sequence sequence, int fullBlocks)
    {
        sequence.HashUpTo(fullBlocks, hasher);
        for (int group = 0; group < rules.Length; group++)
        {
            BlockTable table = sequence.Tables[group];
            for (int i = table.CachedBlocks; i < fullBlocks; i++)
                pool.Cache(table[i], sequence.Key(i, group), sequence.Root, sequence.BlockContents(i));
            table.CachedBlocks = Math.Max(table.CachedBlocks, fullBlocks);
        }
    }
}

/// <summary>Prefix cache counters, in tokens; lookups of resumed sequences apart.</summary>
public sealed class PrefixCacheStatistics
{
    public long Requests { get; private set; }

    public long Queries { get; private set; }

    public long Hits { get; private set; }

    public long PreemptedRequests { get; private set; }

    public long PreemptedQueries { get; private set; }

    public long PreemptedHits { get; private set; }

    internal void Record(int queried, int hit, bool preempted)
    {
        if (preempted)
        {
            PreemptedRequests++;
            PreemptedQueries += queried;
            PreemptedHits += hit;
            return;
        }
        Requests++;
        Queries += queried;
        Hits += hit;
    }
}
