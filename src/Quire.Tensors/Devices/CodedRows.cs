namespace Quire.Tensors;

/// <summary>What a code is before its zero and scale.</summary>
public enum CodeKind
{
    /// <summary>0 .. 2^bits - 1.</summary>
    Unsigned,

    /// <summary>A signed byte.</summary>
    Signed,

    /// <summary>An 8-bit float of 4 exponent and 3 mantissa bits, without infinities.</summary>
    E4M3,

    /// <summary>An index into <see cref="CodeScheme.Table"/>: e2m1, nf4, fp4.</summary>
    Table,
}

/// <summary>How a weight's codes mean numbers: value(n, k) = (decode(code) - zero(n, g)) * scale(n, g), in f32, g the group of input k.</summary>
/// <param name="Kind">How a code is decoded.</param>
/// <param name="Bits">Bits that a code needs: 2, 3, 4 or 8.</param>
/// <param name="GroupSize">Inputs that share a scale, in order; the number of inputs where a row has one scale.</param>
public sealed record CodeScheme(CodeKind Kind, int Bits, int GroupSize)
{
    /// <summary>Rows have zeros other than 0.</summary>
    public bool HasZeros { get; init; }

    /// <summary>Group of each input where groups are not runs of <see cref="GroupSize"/> inputs (act-order), else null.</summary>
    public int[]? GroupOfInput { get; init; }

    /// <summary>Values of the codes where <see cref="Kind"/> is <see cref="CodeKind.Table"/>.</summary>
    public float[]? Table { get; init; }
}

/// <summary>A weight stored as small codes with scales per group: a device may keep the codes.</summary>
public interface ICodedRows : IWeightRows
{
    CodeScheme Scheme { get; }

    /// <summary>One code per input, in the order of the inputs.</summary>
    void ReadCodes(long row, Span<byte> codes);

    /// <summary>One scale per group of the row.</summary>
    void ReadScales(long row, Span<float> scales);

    /// <summary>One zero per group of the row, in units of a code; zeros where the scheme has none.</summary>
    void ReadZeros(long row, Span<float> zeros);
}
