using System.Text;

namespace Quire.Templates.Python;

/// <summary>Python's upper, lower, title and friends: Unicode's full mappings, without a culture.</summary>
internal static class Casing
{
    public static string Upper(string text)
    {
        string simple = text.ToUpperInvariant();
        if (Ascii.IsValid(text)) return simple;
        var result = new StringBuilder(text.Length);
        // The simple mapping keeps lengths, so that characters stand at the same places.
        for (int i = 0; i < text.Length; i++)
            if (SpecialCasing.Upper.TryGetValue(text[i], out string? special)) result.Append(special);
            else result.Append(simple[i]);
        return result.ToString();
    }

    public static string Lower(string text)
    {
        string simple = text.ToLowerInvariant();
        if (!text.AsSpan().ContainsAny('\u0130', '\u03A3')) return simple;
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
            if (text[i] == '\u0130') result.Append("i\u0307");
            else if (text[i] == '\u03A3') result.Append(IsFinalSigma(text, i) ? '\u03C2' : '\u03C3');
            else result.Append(simple[i]);
        return result.ToString();
    }

    /// <summary>A sigma that ends a word: a cased character before it and none after it, marks and apostrophes apart.</summary>
    private static bool IsFinalSigma(string text, int at)
    {
        int before = at - 1;
        while (before >= 0 && IsCaseIgnorable(text[before])) before--;
        if (before < 0 || !IsCased(text[before])) return false;
        int after = at + 1;
        while (after < text.Length && IsCaseIgnorable(text[after])) after++;
        return after == text.Length || !IsCased(text[after]);
    }

    private static bool IsCaseIgnorable(char c) => c is '\'' or '.' or ':' or '^' or '`' or '\u00B7' or '\u2019' || char.GetUnicodeCategory(c) is
        System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.EnclosingMark or System.Globalization.UnicodeCategory.Format
        or System.Globalization.UnicodeCategory.ModifierLetter or System.Globalization.UnicodeCategory.ModifierSymbol;

    public static bool IsCased(char c) => char.IsUpper(c) || char.IsLower(c) || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.TitlecaseLetter;

    /// <summary>The first code point of a word in title case.</summary>
    public static string TitleOne(string codePoint) =>
        codePoint.Length == 1 && SpecialCasing.Title.TryGetValue(codePoint[0], out string? special) ? special : Upper(codePoint);

    public static string Capitalize(string text)
    {
        if (text.Length == 0) return text;
        int width = PyChar.Width(text, 0);
        return TitleOne(text[..width]) + Lower(text)[Lower(text[..width]).Length..];
    }

    /// <summary><c>str.title</c>: a word begins after any character that has no case.</summary>
    public static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        string lower = text.ToLowerInvariant();
        bool inWord = false;
        for (int at = 0; at < text.Length;)
        {
            int width = PyChar.Width(text, at);
            string one = text.Substring(at, width);
            if (!inWord) result.Append(TitleOne(one));
            else if (one is "\u0130" or "\u03A3") result.Append(one == "\u0130" ? "i\u0307" : IsFinalSigma(text, at) ? "\u03C2" : "\u03C3");
            else result.Append(lower, at, width);
            inWord = width == 2 ? IsCasedPair(text, at) : IsCased(text[at]);
            at += width;
        }
        return result.ToString();
    }

    private static bool IsCasedPair(string text, int at) => new Rune(text[at], text[at + 1]) is var rune && (Rune.IsUpper(rune) || Rune.IsLower(rune));

    public static string SwapCase(string text)
    {
        var result = new StringBuilder(text.Length);
        string lower = Lower(text).Length == text.Length ? Lower(text) : text.ToLowerInvariant();
        for (int i = 0; i < text.Length; i++)
            if (char.IsUpper(text, i)) result.Append(lower[i]);
            else if (char.IsLower(text[i])) result.Append(Upper(text[i].ToString()));
            else result.Append(text[i]);
        return result.ToString();
    }

    /// <summary>For comparing without case; beyond lower case only the common foldings are done.</summary>
    public static string Fold(string text) => Lower(text).Replace("\u00DF", "ss", StringComparison.Ordinal).Replace('\u03C2', '\u03C3');

    public static bool IsUpper(string text) => HasCase(text) && Upper(text) == text && !text.Any(c => char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.TitlecaseLetter);

    public static bool IsLower(string text) => HasCase(text) && !text.Any(c => char.IsUpper(c) || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.TitlecaseLetter);

    private static bool HasCase(string text) => text.Any(IsCased);

    public static bool IsTitle(string text) => HasCase(text) && Title(text) == text;
}
