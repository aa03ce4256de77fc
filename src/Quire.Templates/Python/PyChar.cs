using System.Globalization;
using System.Text;

namespace Quire.Templates.Python;

/// <summary>Python's classes of characters, and its view of a string as a row of code points.</summary>
internal static class PyChar
{
    /// <summary>Python also counts the four separators 0x1C..0x1F as white space.</summary>
    public static bool IsSpace(char c) => c < 128 ? c is ' ' or (>= '\t' and <= '\r') or (>= '\x1c' and <= '\x1f') : char.IsWhiteSpace(c);

    public static bool IsSpace(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
            if (!IsSpace(c)) return false;
        return text.Length > 0;
    }

    /// <summary>Whether a name may hold this character.</summary>
    public static bool IsWord(char c) => c < 128 ? char.IsAsciiLetterOrDigit(c) || c == '_' : char.IsLetterOrDigit(c) || char.IsSurrogate(c) || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark;

    /// <summary>Whether <c>repr</c> shows the character itself.</summary>
    public static bool IsPrintable(int code) => code is >= 0x20 and < 0x7F || (code >= 0x80 && (CharUnicodeInfo.GetUnicodeCategory(code) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator)));

    public static string TrimEnd(string text) => text[..EndOfTrim(text, null)];

    /// <summary>Strips white space, or the code points of <paramref name="set"/>, from the chosen ends.</summary>
    public static string Trim(string text, string? set, bool start, bool end)
    {
        int from = start ? StartOfTrim(text, set) : 0;
        int to = end ? EndOfTrim(text, set) : text.Length;
        return from >= to ? "" : from == 0 && to == text.Length ? text : text[from..to];
    }

    private static int StartOfTrim(string text, string? set)
    {
        int at = 0;
        while (at < text.Length && Width(text, at) is var width && Strips(text.AsSpan(at, width), set)) at += width;
        return at;
    }

    private static int EndOfTrim(string text, string? set)
    {
        int at = text.Length;
        while (at > 0 && WidthBefore(text, at) is var width && Strips(text.AsSpan(at - width, width), set)) at -= width;
        return at;
    }

    private static bool Strips(ReadOnlySpan<char> codePoint, string? set) =>
        set is null ? codePoint.Length == 1 && IsSpace(codePoint[0]) : set.AsSpan().Contains(codePoint, StringComparison.Ordinal);

    /// <summary>The number of UTF-16 units of the code point at this index.</summary>
    public static int Width(string text, int at) => char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;

    public static int WidthBefore(string text, int at) => at >= 2 && char.IsLowSurrogate(text[at - 1]) && char.IsHighSurrogate(text[at - 2]) ? 2 : 1;

    /// <summary>The code points of a text; a lone surrogate stands for itself.</summary>
    public static IEnumerable<int> CodePoints(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            int width = Width(text, at);
            yield return width == 2 ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at];
            at += width;
        }
    }

    public static StringBuilder AppendCodePoint(StringBuilder text, int code) =>
        code > 0xFFFF ? text.Append(new Rune(code).ToString()) : text.Append((char)code);
}
