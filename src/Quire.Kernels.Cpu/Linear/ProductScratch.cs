namespace Quire.Kernels.Cpu.Linear;

/// <summary>Memory that products take for themselves, in bytes.</summary>
/// <param name="Rounded">Inputs in the product's own arithmetic.</param>
/// <param name="Scheme">Inputs rounded as the checkpoint asks.</param>
/// <param name="Reordered">Inputs in the order of the weight's columns.</param>
internal readonly record struct ProductScratch(long Rounded, long Scheme, long Reordered)
{
    public long Bytes => Rounded + Scheme + Reordered;

    /// <summary>What serves both, one after the other.</summary>
    public ProductScratch Or(ProductScratch other) => new(Math.Max(Rounded, other.Rounded), Math.Max(Scheme, other.Scheme), Math.Max(Reordered, other.Reordered));
}
