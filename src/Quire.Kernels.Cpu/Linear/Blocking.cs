namespace Quire.Kernels.Cpu.Linear;

/// <summary>How many rows of activations pass a panel of weights before the next panel comes: those that stay in half of a second-level cache of 1 MB.</summary>
internal static class Blocking
{
    /// <summary>Rows of an item at most: their sums for 64 columns take 48 KB of scratch.</summary>
    public const int MaxRows = 192;

    private const int MinRows = 48;
    private const int CacheBytes = 512 * 1024;

    /// <summary>A multiple of 12 between 48 and 192.</summary>
    public static int Rows(int bytesPerRow) => Math.Clamp(CacheBytes / Math.Max(1, bytesPerRow) / 12 * 12, MinRows, MaxRows);
}
