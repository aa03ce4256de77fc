namespace Quire.Engine;

/// <summary>One sequence's block ids in one KV group, by position / block size.</summary>
internal sealed class BlockTable(int capacity)
{
    private int[] ids = new int[capacity];

    public int Count { get; private set; }

    /// <summary>Leading blocks that were offered to the prefix cache.</summary>
    public int CachedBlocks { get; set; }

    public int this[int index]
    {
        get => ids[index];
        set => ids[index] = value;
    }

    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    public void Add(int id)
    {
        if (Count == ids.Length) Array.Resize(ref ids, (2 * Count) + 4);
        ids[Count++] = id;
    }

    public void Clear() => Count = CachedBlocks = 0;
}
