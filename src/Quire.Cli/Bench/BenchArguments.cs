namespace Quire.Cli;

/// <summary>Numbers that a benchmark cannot do without.</summary>
internal static class BenchArguments
{
    /// <exception cref="QuireException">The value is less than 1.</exception>
    public static int Positive(string flag, int value) => Positive(flag, [value])[0];

    /// <exception cref="QuireException">A value is less than 1.</exception>
    public static int[] Positive(string flag, int[] values) => Array.TrueForAll(values, value => value > 0)
        ? values
        : throw new QuireException(ErrorKind.InvalidRequest, $"{flag} must be at least 1, got {string.Join(", ", values)}.", param: flag.TrimStart('-'));
}
