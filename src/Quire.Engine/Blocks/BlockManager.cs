namespace Quire.Engine;

/// <summary>Gives sequences the blocks that their next tokens need, in every group, and finds what earlier sequences left.</summary>
internal sealed class BlockManager
{
    private readonly BlockPool pool;
    private readonly BlockPool[] pools;
    private readonly BlockGroup[] groups;
    private readonly int blockTokens;
    private readonly bool caching;
    private readonly PrefixHasher hasher = new();
    private readonly int[][] hits;

    public BlockManager(SchedulerOptions options)
    {
        blockTokens = options.BlockTokens;
        caching = options.PrefixCaching;
        pool = new BlockPool(options.Blocks, blockTokens);
        groups = [.. options.GroupWindows.Select((window, i) => new BlockGroup(i, window > 0 ? new SlidingWindowRule(window, blockTokens) : new FullAttentionRule(), pool, blockTokens, 1))];
        if (options.StateInterval > 0)
        {
            var states = new BlockGroup(groups.Length, new StateRule(options.StateInterval), new BlockPool(options.StateSlots, blockTokens), options.StateInterval, options.StateInterval / blockTokens);
            groups = [.. groups, states];
        }
        pools = [.. groups.Select(group => group.Pool).Distinct()];
        hits = [.. groups.Select(group => new int[(options.MaxModelLength / group.Tokens) + 1])];
    }

    /// <summary>Tables of a sequence.</summary>
    public int Groups => groups.Length;

    /// <summary>KV blocks, without the null block.</summary>
    public int Total => pool.Blocks - 1;

    /// <summary>KV blocks that can be given out.</summary>
    public int Free => pool.Free;

    public PrefixCacheStatistics Statistics { get; } = new();

    /// <summary>Hash root of a new sequence.</summary>
    public UInt128 Root(EngineRequest request) => hasher.Root(request.Adapter, request.CacheSalt);

    /// <summary>Finds the longest cached prefix, at most all tokens but the last: its logits are needed. The blocks are only named, see <see cref="TryAppend"/>.</summary>
    /// <returns>Cached tokens; the blocks are kept until the next call.</returns>
    public int FindPrefix(Sequence sequence)
    {
        if (!caching || sequence.Parameters.PromptLogprobs is not null) return 0;
        int blocks = (sequence.TokenCount - 1) / blockTokens, tokens = blocks * blockTokens;
        sequence.HashUpTo(blocks, hasher);
        // Every group may shorten the prefix; a shorter one may not suit the groups before it, so go round until all agree.
        for (int agreed = 0, i = 0; agreed < groups.Length && tokens > 0; i = (i + 1) % groups.Length)
        {
            BlockGroup group = groups[i];
            int length = group.Rule.LongestHit(group, sequence, tokens / group.Tokens, hits[i]) * group.Tokens;
            agreed = length == tokens ? agreed + 1 : 1;
            tokens = length;
        }
        return tokens;
    }

    /// <summary>Counts a lookup whose sequence was admitted.</summary>
    public void Record(Sequence sequence, int hit)
    {
        if (caching && sequence.Parameters.PromptLogprobs is null) Statistics.Record(sequence.TokenCount, hit, sequence.WasPreempted);
    }

    /// <summary>Makes room for <paramref name="newTokens"/> more tokens.</summary>
    /// <param name="hitTokens">Tokens that the last <see cref="FindPrefix"/> found for this sequence, which has no blocks yet; 0 if it has.</param>
    /// <param name="spare">KV blocks that must stay free.</param>
    /// <param name="wholeMustFit">All tokens of the sequence must fit, not only the new ones.</param>
    /// <returns>False, and nothing happens, if there are too few free blocks.</returns>
    public bool TryAppend(Sequence sequence, int newTokens, int hitTokens = 0, int spare = 0, bool wholeMustFit = false)
    {
        int computed = sequence.ComputedTokens + hitTokens;
        foreach (BlockGroup group in groups) DropSkipped(sequence, group, sequence.ComputedTokens);
        foreach (BlockPool each in pools)
        {
            if (wholeMustFit && Needed(each, sequence, sequence.TokenCount, hitTokens) > each.Free) return false;
            if (Needed(each, sequence, computed + newTokens, hitTokens) + (each == pool ? spare : 0) > each.Free) return false;
        }

        // What was found is taken before anything is given out.
        foreach (BlockGroup group in groups)
        {
            for (int i = 0; i < hitTokens / group.Tokens; i++)
            {
                group.Pool.Share(hits[group.Index][i]);
                sequence.Tables[group.Index].Add(hits[group.Index][i]);
            }
        }
        foreach (BlockGroup group in groups)
        {
            BlockTable table = sequence.Tables[group.Index];
            while (table.Count * group.Tokens < computed + newTokens) table.Add(group.Pool.Allocate());
        }
        if (caching) CacheFull(sequence, Math.Min(computed + newTokens, sequence.TokenCount));
        return true;
    }

    /// <summary>Gives all blocks back, last first, so that the start of a text is found for longest.</summary>
    public void Release(Sequence sequence)
    {
        foreach (BlockGroup group in groups)
        {
            BlockTable table = sequence.Tables[group.Index];
            for (int i = table.Count - 1; i >= 0; i--) group.Pool.Release(table[i]);
            table.Clear();
        }
    }

    /// <summary>Withdraws what a failed step had announced: contents of the sequence's blocks from token <paramref name="from"/> on.</summary>
    public void Withdraw(Sequence sequence, int from)
    {
        foreach (BlockGroup group in groups)
        {
            BlockTable table = sequence.Tables[group.Index];
            for (int i = from / group.Tokens; i < table.Count; i++) group.Pool.Forget(table[i]);
        }
    }

    /// <summary>Forgets all cached prefixes; false while blocks are in use.</summary>
    public bool ResetPrefixCache() => pools.All(each => each.Free == each.Blocks - 1) && pools.All(each => each.Reset());

    private int Needed(BlockPool each, Sequence sequence, int tokens, int hitTokens)
    {
        int needed = 0;
        foreach (BlockGroup group in groups)
        {
            if (group.Pool != each) continue;
            int hitBlocks = hitTokens / group.Tokens;
            needed += Math.Max(0, group.CountFor(tokens) - sequence.Tables[group.Index].Count - hitBlocks);
            for (int i = 0; i < hitBlocks; i++)
                if (each.IsFree(hits[group.Index][i])) needed++;
        }
        return needed;
    }

    private static void DropSkipped(Sequence sequence, BlockGroup group, int computed)
    {
        BlockTable table = sequence.Tables[group.Index];
        for (int i = Math.Min(group.Rule.Skipped(computed) / group.Tokens, table.Count) - 1; i >= 0 && table[i] != BlockPool.NullBlock; i--)
        {
            group.Pool.Release(table[i]);
            table[i] = BlockPool.NullBlock;
        }
    }

    private void CacheFull(Sequence sequence, int tokens)
    {
        sequence.HashUpTo(tokens / blockTokens, hasher);
        foreach (BlockGroup group in groups)
        {
            BlockTable table = sequence.Tables[group.Index];
            for (int i = table.CachedBlocks; i < tokens / group.Tokens; i++) group.Cache(sequence, i);
            table.CachedBlocks = Math.Max(table.CachedBlocks, tokens / group.Tokens);
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
