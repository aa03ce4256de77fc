namespace Quire.Engine;

/// <summary>What one group needs of the past: which tokens its layers still see, and what a prefix hit must hold.</summary>
internal interface IKvRule
{
    /// <summary>Leading tokens that no row at or after position <paramref name="computed"/> sees.</summary>
    int Skipped(int computed);

    /// <summary>The longest prefix of at most <paramref name="maxBlocks"/> of the group's blocks that can be continued from cached ones.</summary>
    /// <param name="hit">Written: one id per block of the prefix, <see cref="BlockPool.NullBlock"/> where the group needs none.</param>
    /// <returns>Blocks of the prefix.</returns>
    int LongestHit(BlockGroup group, Sequence sequence, int maxBlocks, Span<int> hit);
}

/// <summary>Every row sees everything before it.</summary>
internal sealed class FullAttentionRule : IKvRule
{
    public int Skipped(int computed) => 0;

    public int LongestHit(BlockGroup group, Sequence sequence, int maxBlocks, Span<int> hit)
    {
        for (int i = 0; i < maxBlocks; i++)
        {
            int block = group.Find(sequence, i);
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

    public int LongestHit(BlockGroup group, Sequence sequence, int maxBlocks, Span<int> hit)
    {
        hit[..maxBlocks].Clear(); // the null block
        int run = 0;
        for (int i = maxBlocks - 1; i >= 0; i--)
        {
            int block = group.Find(sequence, i);
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

/// <summary>A row sees the state that the row before it left, in the slot of that row's interval; the slots of ended intervals are checkpoints. A hit needs one.</summary>
internal sealed class StateRule(int interval) : IKvRule
{
    public int Skipped(int computed) => computed == 0 ? 0 : (computed - 1) / interval * interval;

    public int LongestHit(BlockGroup group, Sequence sequence, int maxBlocks, Span<int> hit)
    {
        hit[..maxBlocks].Clear(); // the null block
        for (int i = maxBlocks - 1; i >= 0; i--)
        {
            if (group.Find(sequence, i) is not (>= 0 and var slot)) continue;
            hit[i] = slot;
            return i + 1;
        }
        return 0;
    }
}
