namespace Quire.Cli;

/// <summary>Other spellings that vLLM takes: <c>--max_model_len</c> is <c>--max-model-len</c>. Keys behind a dot stay as they are (<see cref="DottedFlags"/>).</summary>
internal static class FlagSpelling
{
    public static string[] Normalise(string[] args) => Array.ConvertAll(args, Normalise);

    private static string Normalise(string argument)
    {
        if (!argument.StartsWith("--", StringComparison.Ordinal)) return argument;
        int end = argument.AsSpan().IndexOfAny('=', '.');
        string name = end < 0 ? argument : argument[..end];
        return name.Replace('_', '-') + (end < 0 ? "" : argument[end..]);
    }

    /// <summary>A number with vLLM's suffixes: k, m, g, t are powers of 1000, K, M, G, T of 1024.</summary>
    /// <exception cref="QuireException">Not such a number.</exception>
    public static long HumanNumber(string flag, string text)
    {
        (string digits, long unit) = text.Length > 0 && char.IsAsciiLetter(text[^1]) ? (text[..^1], Unit(text[^1])) : (text, 1);
        if (unit > 0 && decimal.TryParse(digits, out decimal number) && number >= 0 && number * unit <= long.MaxValue) return (long)(number * unit);
        throw new QuireException(ErrorKind.InvalidRequest, $"{flag} {text} is not a number; examples are 4096, 4k (4000), 4K (4096).", param: flag.TrimStart('-'));
    }

    private static long Unit(char suffix) => suffix switch
    {
        'k' => 1000,
        'm' => 1000_000,
        'g' => 1000_000_000,
        't' => 1000_000_000_000,
        'K' => 1L << 10,
        'M' => 1L << 20,
        'G' => 1L << 30,
        'T' => 1L << 40,
        _ => 0,
    };
}
