using System.Text;
using Quire.Templates.Library;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

/// <summary>find, count and replace.</summary>
internal static class TextSearch
{
    public static int Find(Run run, StrValue text, Value?[] a, bool last)
    {
        string part = StringMethods.Text(a[0]);
        run.ChargeSearch(text.Content, part);
        int length = text.Length!.Value;
        int start = Bound(a[1], 0, length);
        int end = Bound(a[2], length, length);
        if (start > end || start > length) return -1;
        int offset = text.Offset(start);
        ReadOnlySpan<char> window = text.Content.AsSpan(offset, text.Offset(Math.Min(end, length)) - offset);
        int at = last ? window.LastIndexOf(part) : window.IndexOf(part);
        return at < 0 ? -1 : text.Index(offset + at);
    }

    private static int Bound(Value? value, int absent, int length)
    {
        int bound = StringMethods.Count(value, absent);
        return bound < 0 ? Math.Max(0, bound + length) : bound;
    }

    public static int Count(Run run, string text, string part)
    {
        run.ChargeSearch(text, part);
        return part.Length == 0 ? new StrValue(text).Length!.Value + 1 : text.AsSpan().Count(part);
    }

    /// <summary>Replaces the first <paramref name="count"/> occurrences, all if it is negative.</summary>
    public static string Replace(Run run, string text, string old, string with, int count)
    {
        run.ChargeSearch(text, old);
        if (count == 0) return text;
        long occurrences = Count(run, text, old);
        if (count > 0) occurrences = Math.Min(occurrences, count);
        if (occurrences == 0) return text;
        run.ChargeText(text.Length + occurrences * (with.Length - old.Length));
        if (old.Length == 0) return Interleave(text, with, occurrences);
        if (count < 0) return text.Replace(old, with, StringComparison.Ordinal);
        var result = new StringBuilder();
        int from = 0;
        for (; occurrences > 0; occurrences--)
        {
            int at = text.IndexOf(old, from, StringComparison.Ordinal);
            result.Append(text, from, at - from).Append(with);
            from = at + old.Length;
        }
        return result.Append(text, from, text.Length - from).ToString();
    }

    private static string Interleave(string text, string with, long count)
    {
        var result = new StringBuilder();
        int at = 0;
        for (; count > 0; count--)
        {
            result.Append(with);
            if (at >= text.Length) break;
            int width = PyChar.Width(text, at);
            result.Append(text, at, width);
            at += width;
        }
        return result.Append(text, at, text.Length - at).ToString();
    }
}
