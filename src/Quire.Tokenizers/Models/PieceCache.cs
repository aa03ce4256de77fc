using System.Collections.Concurrent;

namespace Quire.Tokenizers;

/// <summary>Ids of pieces seen before, for all threads. Text is mostly the same few thousand words.</summary>
internal sealed class PieceCache
{
    private const int Capacity = 1 << 16;
    private const int LongestPiece = 64;

    private readonly ConcurrentDictionary<string, int[]> pieces = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private int count;

    public PieceCache() => lookup = pieces.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool TryGet(ReadOnlySpan<char> piece, out int[] ids)
    {
        if (piece.Length <= LongestPiece) return lookup.TryGetValue(piece, out ids!);
        ids = [];
        return false;
    }

    /// <summary>Remembers the ids of <paramref name="piece"/>: those from <paramref name="first"/> on.</summary>
    public void Add(ReadOnlySpan<char> piece, List<int> ids, int first)
    {
        if (piece.Length > LongestPiece) return;
        // Starting over is simpler than choosing what to forget, and as good: common words are back at once.
        if (Volatile.Read(ref count) >= Capacity)
        {
            pieces.Clear();
            Volatile.Write(ref count, 0);
        }
        if (lookup.TryAdd(piece, ids.GetRange(first, ids.Count - first).ToArray())) Interlocked.Increment(ref count);
    }
}
