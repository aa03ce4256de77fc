using System.Text.RegularExpressions;

namespace Quire.Tokenizers;

/// <summary>Finds the matches of a literal string or of an Oniguruma regex.</summary>
internal sealed class SplitPattern
{
    /// <summary>GPT-2's splitting of text into words, numbers, punctuation and white space.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private readonly string? literal;
    private readonly Regex? regex;
    private readonly UnitAlphabet? alphabet;

    private SplitPattern(string? literal, Regex? regex, UnitAlphabet? alphabet)
    {
        this.literal = literal;
        this.regex = regex;
        this.alphabet = alphabet;
    }

    public static SplitPattern Literal(string text) => new(text, null, null);

    /// <exception cref="NotSupportedException">The pattern uses something that is not translated.</exception>
    public static SplitPattern Oniguruma(string pattern)
    {
        UnitAlphabet alphabet = UnitAlphabet.For(pattern);
        string translated = OnigurumaTranslator.Translate(pattern, alphabet);
        try
        {
            return new SplitPattern(null, new Regex(translated, RegexOptions.Compiled | RegexOptions.CultureInvariant), alphabet);
        }
        catch (ArgumentException error)
        {
            throw new NotSupportedException(error.Message, error);
        }
    }

    /// <summary>The matches inside units [<paramref name="start"/>, <paramref name="end"/>), which is all the pattern sees of the text.</summary>
    public List<TextRange> Matches(string text, int start, int end)
    {
        var matches = new List<TextRange>();
        ReadOnlySpan<char> span = text.AsSpan(start, end - start);
        if (literal is not null)
        {
            if (literal.Length == 0) return matches;
            for (int at = 0; span[at..].IndexOf(literal, StringComparison.Ordinal) is >= 0 and var found; at += found + literal.Length)
                matches.Add(new TextRange(start + at + found, start + at + found + literal.Length));
            return matches;
        }
        if (UnitAlphabet.IsPlain(span))
        {
            foreach (ValueMatch match in regex!.EnumerateMatches(span)) matches.Add(new TextRange(start + match.Index, start + match.Index + match.Length));
            return matches;
        }
        (char[] units, int[] positions) = alphabet!.Map(span);
        foreach (ValueMatch match in regex!.EnumerateMatches(units))
            matches.Add(new TextRange(start + positions[match.Index], start + positions[match.Index + match.Length]));
        return matches;
    }
}
