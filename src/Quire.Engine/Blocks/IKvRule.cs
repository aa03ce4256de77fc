namespace Quire.Engine;

/// <summary>What one KV group needs of the past: which tokens its layers still see, and what a prefix hit must hold.</summary>
internal interface IKvRule
{
    /// <summary>Leading tokens that no row at or after position <paramref name="computed"/> sees.</summary>
    int Skipped(int computed);

    /// <summary>The longest prefix of at most <paramref name="maxBlocks"/> blocks that can be continued from cached blocks.</summary>
    /// <param name="hit">Written: one id per block of the prefix, <see cref="BlockPool.NullBlock"/> where the group needs none.</param>
    /// <returns>Blocks of the prefix.</returns>
    int LongestHit(BlockPool pool, Sequence sequence, int group, int maxBlocks, Span<int> hit);
}

/// <summary>Every row sees everything before it.</summary>
internal sealed class FullAttentionRule : IKvRule
{
    public int Skipped(int computed) => 0;

    public int LongestHit(BlockPool pool, Sequence sequence, int group, int maxBlocks, Span<int> hit)
    {
        for (int i = 0; i < maxBlocks; i++)
        {
            int block = pool.Find(sequence.Key(i, group), sequence.Root, sequence.BlockContents(i));
            if (block < 0) return i;
            hit[i] = block;
        }
        return maxBlocks;
    }
}

/// <summary>A row sees <paramref name="window"/> tokens, itself included. A hit needs the blocks of the last window alone.</summary>
internal sealed class SlidingWindowRule(int window, int blockTokens) : IKvRule
{
    private readonly int needed = (window - 1 + blockTokens - 1) / blockTokens;

    public int Skipped(int computed) => Math.Max(0, computed - window + 1);

    public int LongestHit(BlockPool pool, Sequence sequence, int group, int maxBlocks, Span<int> hit)
    {
        hit[..maxBlocks].Clear(); // the null block
        int run = 0;
        for (int i = maxBlocks - 1; i >= 0; i--)
        {
            int block = pool.Find(sequence.Key(i, group), sequence.Root, sequence.BlockContents(i));
            if (block < 0)
            {
                run = 0;
                continue;
            }
            hit[i] = block;
            if (++run >= needed) return i + run;
        }
        return run;
    }
}
