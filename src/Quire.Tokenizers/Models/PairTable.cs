using System.Numerics;

namespace Quire.Tokenizers;

/// <summary>The merges: rank and result by the two ids merged. Open addressing, filled once, then read by any thread.</summary>
internal sealed class PairTable
{
    private readonly Entry[] entries;
    private readonly int mask;

    public PairTable(int count)
    {
        entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, 2 * count))];
        mask = entries.Length - 1;
    }

    /// <summary>A pair listed twice keeps its last rank.</summary>
    public void Set(int left, int right, int rank, int result)
    {
        ref Entry entry = ref entries[Find(Key(left, right))];
        entry = new Entry { Key = Key(left, right), Rank = rank, Result = result };
    }

    /// <summary>False when the two do not merge.</summary>
    public bool TryGet(int left, int right, out int rank, out int result)
    {
        ref Entry entry = ref entries[Find(Key(left, right))];
        rank = entry.Rank;
        result = entry.Result;
        return entry.Key != 0;
    }

    // Zero marks an empty place, so ids count from one here.
    private static ulong Key(int left, int right) => (ulong)(uint)(left + 1) << 32 | (uint)(right + 1);

    private int Find(ulong key)
    {
        int at = (int)(key * 0x9E3779B97F4A7C15UL >> 32) & mask;
        while (entries[at].Key != 0 && entries[at].Key != key) at = at + 1 & mask;
        return at;
    }

    private struct Entry
    {
        public ulong Key;
        public int Rank;
        public int Result;
    }
}
