namespace Quire.Tensors;

/// <summary>A piece of large-page memory that many small buffers share: adapters are hundreds of matrices of some ten kilobytes, which one step reads all. Memory is given out
/// once, in order, so every buffer gets zeros; the piece is freed with its last buffer.</summary>
internal sealed class Slab
{
    private const long Bytes = 8 << 20;
    private const long Smallest = 4 << 10, Largest = 512 << 10;

    private static readonly object Gate = new();
    private static Slab? current;
    private readonly LargePages pages;
    private long used;

    // One for being the current piece.
    private int holders = 1;

    private Slab(LargePages pages) => this.pages = pages;

    /// <returns>Null for sizes that need no slab, and where there are no large pages.</returns>
    /// <param name="address">Aligned to 64 bytes.</param>
    public static Slab? TryAllocate(long bytes, out nint address)
    {
        address = 0;
        if (bytes is < Smallest or > Largest) return null;
        lock (Gate)
        {
            if (current is null || current.used + bytes > Bytes)
            {
                current?.Leave();
                current = LargePages.TryAllocate(Bytes) is { } pages ? new Slab(pages) : null;
                if (current is null) return null;
            }
            address = current.pages.Address + (nint)current.used;
            current.used += (bytes + 63) & ~63;
            current.holders++;
            return current;
        }
    }

    public void Free()
    {
        lock (Gate) Leave();
    }

    private void Leave()
    {
        if (--holders == 0) pages.Free();
    }
}
