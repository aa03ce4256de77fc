namespace Quire.Tensors;

public enum ActivationFormat
{
    /// <summary>float8 e4m3fn, clamped to plus and minus 448.</summary>
    E4M3,

    /// <summary>Whole numbers of -128 .. 127.</summary>
    Int8,

    /// <summary>float4 e2m1 with a float8 scale for each 16 values: NVFP4.</summary>
    E2M1,
}

/// <summary>How a checkpoint rounds the inputs of a product: x becomes (q - zero) * scale with q of <see cref="Format"/>. Arithmetic is f32, rounding half to even.</summary>
/// <param name="Format">What q is.</param>
/// <param name="Scale">The scale of all values; 0 where each row (or group) has its own from its largest magnitude. For <see cref="ActivationFormat.E2M1"/> what multiplies
/// largest magnitude / 6 before it is rounded to float8.</param>
/// <param name="Zero">The zero of <paramref name="Scale"/>.</param>
/// <param name="GroupSize">Values that share a scale; 0 for whole rows.</param>
/// <param name="IsSymmetric">False: rows have zeros too, from their smallest and largest value (int8 only).</param>
public sealed record ActivationScheme(ActivationFormat Format, float Scale = 0, int Zero = 0, int GroupSize = 0, bool IsSymmetric = true);
