namespace Quire.Formats;

/// <summary>The vectors that an IQ type's indices choose from: few of all the combinations of its levels.</summary>
/// <remarks>A combination is a number whose digits, least first, are the positions of its levels; indices count the members in ascending
/// order. So a set of bits says everything.</remarks>
internal sealed class IqGrid
{
    private readonly sbyte[] points;
    private readonly int dimensions;

    /// <param name="levels">Values of the digits.</param>
    /// <param name="dimensions">Digits of a vector.</param>
    /// <param name="members">Base64 of one bit per combination, lowest bit first.</param>
    public IqGrid(ReadOnlySpan<sbyte> levels, int dimensions, string members)
    {
        this.dimensions = dimensions;
        byte[] bits = Convert.FromBase64String(members);
        var vectors = new List<sbyte>();
        for (int number = 0; number < bits.Length * 8; number++)
        {
            if ((bits[number >> 3] >> (number & 7) & 1) == 0) continue;
            for (int digit = 0, rest = number; digit < dimensions; digit++, rest /= levels.Length)
                vectors.Add(levels[rest % levels.Length]);
        }

        points = [.. vectors];
    }

    public int Count => points.Length / dimensions;

    /// <summary>The values of vector <paramref name="index"/>.</summary>
    public ReadOnlySpan<sbyte> this[int index] => points.AsSpan(index * dimensions, dimensions);
}
