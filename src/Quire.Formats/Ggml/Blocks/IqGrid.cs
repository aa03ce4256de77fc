namespace Quire.Formats;

/// <summary>The vectors that an IQ type's indices choose from: few of all the combinations of its levels.</summary>
/// <remarks>A combination is a number whose digits, least first, are the positions of its levels; indices count the members in ascending
/// order. So a set of bits says everything.</remarks>
internal sealed class IqGrid
{
    /// <summary>Added to the position of a level, it negates the level.</summary>
    public const int Negative = 8;

    private readonly byte[] points;
    private readonly int dimensions;

    /// <param name="levels">Values of the digits, at most eight.</param>
    /// <param name="dimensions">Digits of a vector.</param>
    /// <param name="members">Base64 of one bit per combination, lowest bit first.</param>
    public IqGrid(ReadOnlySpan<float> levels, int dimensions, string members)
    {
        this.dimensions = dimensions;
        Levels = new float[2 * Negative];
        for (int i = 0; i < levels.Length; i++) (Levels[i], Levels[Negative + i]) = (levels[i], -levels[i]);
        byte[] bits = Convert.FromBase64String(members);
        var vectors = new List<byte>();
        for (int number = 0; number < bits.Length * 8; number++)
        {
            if ((bits[number >> 3] >> (number & 7) & 1) == 0) continue;
            for (int digit = 0, rest = number; digit < dimensions; digit++, rest /= levels.Length)
                vectors.Add((byte)(rest % levels.Length));
        }

        points = [.. vectors];
    }

    /// <summary>The levels, and from <see cref="Negative"/> on their negatives.</summary>
    public float[] Levels { get; }

    public int Count => points.Length / dimensions;

    /// <summary>Positions of the levels of vector <paramref name="index"/>.</summary>
    public ReadOnlySpan<byte> this[int index] => points.AsSpan(index * dimensions, dimensions);
}
