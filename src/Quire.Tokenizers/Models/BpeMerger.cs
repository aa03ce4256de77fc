namespace Quire.Tokenizers;

/// <summary>Merges neighbours in order of rank, leftmost first, until no pair is in the table.</summary>
internal static class BpeMerger
{
    // Above this a heap beats scanning all pairs for the best one after every merge.
    private const int LongestScan = 48;

    /// <param name="ids">The symbols; on return the first <c>result</c> are the tokens.</param>
    /// <param name="lengths">What each symbol spans; sums on merging.</param>
    /// <returns>How many tokens remain.</returns>
    public static int Merge(PairTable pairs, Span<int> ids, Span<int> lengths) =>
        ids.Length <= LongestScan ? Scan(pairs, ids, lengths) : Heap(pairs, ids, lengths);

    private static int Scan(PairTable pairs, Span<int> ids, Span<int> lengths)
    {
        int count = ids.Length;
        Span<int> ranks = stackalloc int[LongestScan];
        Span<int> results = stackalloc int[LongestScan];
        for (int i = 0; i + 1 < count; i++) Rank(pairs, ids, i, ranks, results);
        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i < count - 1; i++)
            {
                if (ranks[i] < ranks[best]) best = i;
            }
            if (ranks[best] == int.MaxValue) break;
            ids[best] = results[best];
            lengths[best] += lengths[best + 1];
            count--;
            ids[(best + 2)..(count + 1)].CopyTo(ids[(best + 1)..]);
            lengths[(best + 2)..(count + 1)].CopyTo(lengths[(best + 1)..]);
            if (best + 1 < count)
            {
                ranks[(best + 2)..(count + 1)].CopyTo(ranks[(best + 1)..]);
                results[(best + 2)..(count + 1)].CopyTo(results[(best + 1)..]);
                Rank(pairs, ids, best, ranks, results);
            }
            if (best > 0) Rank(pairs, ids, best - 1, ranks, results);
        }
        return count;
    }

    private static void Rank(PairTable pairs, Span<int> ids, int at, Span<int> ranks, Span<int> results)
    {
        if (!pairs.TryGet(ids[at], ids[at + 1], out ranks[at], out results[at])) ranks[at] = int.MaxValue;
    }

    private static int Heap(PairTable pairs, Span<int> ids, Span<int> lengths)
    {
        var next = new int[ids.Length];
        var previous = new int[ids.Length];
        var queue = new PriorityQueue<(int At, int Left, int Right, int Result), long>(ids.Length);
        for (int i = 0; i < ids.Length; i++)
        {
            next[i] = i + 1;
            previous[i] = i - 1;
            if (i + 1 < ids.Length) Enqueue(pairs, queue, ids, i, i + 1);
        }
        while (queue.TryDequeue(out (int At, int Left, int Right, int Result) merge, out _))
        {
            int right = next[merge.At];
            // Merges made since have changed or removed one of the two.
            if (ids[merge.At] != merge.Left || right >= ids.Length || ids[right] != merge.Right) continue;
            ids[merge.At] = merge.Result;
            lengths[merge.At] += lengths[right];
            ids[right] = -1;
            int after = next[merge.At] = next[right];
            if (after < ids.Length)
            {
                previous[after] = merge.At;
                Enqueue(pairs, queue, ids, merge.At, after);
            }
            if (previous[merge.At] >= 0) Enqueue(pairs, queue, ids, previous[merge.At], merge.At);
        }
        int count = 0;
        for (int i = 0; i < ids.Length; i = next[i])
        {
            ids[count] = ids[i];
            lengths[count++] = lengths[i];
        }
        return count;
    }

    private static void Enqueue(PairTable pairs, PriorityQueue<(int, int, int, int), long> queue, Span<int> ids, int left, int right)
    {
        if (pairs.TryGet(ids[left], ids[right], out int rank, out int result)) queue.Enqueue((left, ids[left], ids[right], result), (long)rank << 32 | (uint)left);
    }
}
