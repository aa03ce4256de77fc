namespace Quire.Tensors;

/// <summary>Up to four dimensions, slowest first. A scalar has rank 0 and one element.</summary>
public readonly record struct Shape
{
    private readonly long d0, d1, d2, d3;

    public Shape(long d0) => (Rank, this.d0) = (1, d0);

    public Shape(long d0, long d1) => (Rank, this.d0, this.d1) = (2, d0, d1);

    public Shape(long d0, long d1, long d2) => (Rank, this.d0, this.d1, this.d2) = (3, d0, d1, d2);

    public Shape(long d0, long d1, long d2, long d3) => (Rank, this.d0, this.d1, this.d2, this.d3) = (4, d0, d1, d2, d3);

    /// <exception cref="ArgumentException">More than four dimensions.</exception>
    public Shape(ReadOnlySpan<long> dims)
    {
        if (dims.Length > 4) throw new ArgumentException($"a tensor has at most 4 dimensions, not {dims.Length}");
        Rank = dims.Length;
        if (Rank > 0) d0 = dims[0];
        if (Rank > 1) d1 = dims[1];
        if (Rank > 2) d2 = dims[2];
        if (Rank > 3) d3 = dims[3];
    }

    public int Rank { get; }

    public long this[int dimension] => dimension >= 0 && dimension < Rank
        ? dimension switch { 0 => d0, 1 => d1, 2 => d2, _ => d3 }
        : throw new ArgumentOutOfRangeException(nameof(dimension), dimension, $"{this} has {Rank} dimensions");

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            for (int i = 0; i < Rank; i++) count = checked(count * this[i]);
            return count;
        }
    }

    /// <summary>Elements of the last dimension (1 for a scalar).</summary>
    public long Columns => Rank == 0 ? 1 : this[Rank - 1];

    /// <summary>Product of all dimensions but the last.</summary>
    public long Rows => Columns == 0 ? 0 : Count / Columns;

    public override string ToString()
    {
        var dims = new long[Rank];
        for (int i = 0; i < Rank; i++) dims[i] = this[i];
        return $"[{string.Join(", ", dims)}]";
    }
}
