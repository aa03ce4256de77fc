using Quire.Templates.Library;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

/// <summary>split, partition and splitlines.</summary>
internal static class Splitting
{
    public static Value Split(Run run, string text, Value? separator, int limit, bool fromEnd)
    {
        List<string> parts;
        if (separator is null or NoneValue) parts = fromEnd ? WordsFromEnd(text, limit) : Words(text, limit);
        else
        {
            string by = StringMethods.Text(separator);
            if (by.Length == 0) throw Errors.Runtime("empty separator");
            run.ChargeSearch(text, by);
            parts = fromEnd ? FromEnd(text, by, limit) : FromStart(text, by, limit);
        }
        run.Charge(parts.Count);
        return ListValue.Of(parts.Select(Value.Of));
    }

    private static List<string> FromStart(string text, string by, int limit)
    {
        List<string> parts = [];
        int from = 0;
        while (limit < 0 || parts.Count < limit)
        {
            int at = text.IndexOf(by, from, StringComparison.Ordinal);
            if (at < 0) break;
            parts.Add(text[from..at]);
            from = at + by.Length;
        }
        parts.Add(text[from..]);
        return parts;
    }

    private static List<string> FromEnd(string text, string by, int limit)
    {
        List<string> parts = [];
        int to = text.Length;
        while (limit < 0 || parts.Count < limit)
        {
            int at = text.AsSpan(0, to).LastIndexOf(by);
            if (at < 0) break;
            parts.Add(text[(at + by.Length)..to]);
            to = at;
        }
        parts.Add(text[..to]);
        parts.Reverse();
        return parts;
    }

    private static List<string> Words(string text, int limit)
    {
        List<string> words = [];
        int at = 0;
        while (true)
        {
            while (at < text.Length && PyChar.IsSpace(text[at])) at++;
            if (at == text.Length) return words;
            if (limit >= 0 && words.Count == limit)
            {
                words.Add(text[at..]);
                return words;
            }
            int start = at;
            while (at < text.Length && !PyChar.IsSpace(text[at])) at++;
            words.Add(text[start..at]);
        }
    }

    private static List<string> WordsFromEnd(string text, int limit)
    {
        List<string> words = [];
        int at = text.Length;
        while (true)
        {
            while (at > 0 && PyChar.IsSpace(text[at - 1])) at--;
            if (at == 0) break;
            if (limit >= 0 && words.Count == limit)
            {
                words.Add(text[..at]);
                break;
            }
            int end = at;
            while (at > 0 && !PyChar.IsSpace(text[at - 1])) at--;
            words.Add(text[at..end]);
        }
        words.Reverse();
        return words;
    }

    public static TupleValue Partition(Run run, string text, string by, bool fromEnd)
    {
        if (by.Length == 0) throw Errors.Runtime("empty separator");
        run.ChargeSearch(text, by);
        int at = fromEnd ? text.LastIndexOf(by, StringComparison.Ordinal) : text.IndexOf(by, StringComparison.Ordinal);
        if (at < 0) return fromEnd ? new TupleValue(StrValue.Empty, StrValue.Empty, Value.Of(text)) : new TupleValue(Value.Of(text), StrValue.Empty, StrValue.Empty);
        return new TupleValue(Value.Of(text[..at]), Value.Of(by), Value.Of(text[(at + by.Length)..]));
    }

    /// <summary>Lines, at every line boundary Python knows.</summary>
    public static List<string> Lines(Run run, string text, bool keepEnds = false)
    {
        run.ChargeText(text.Length);
        List<string> lines = [];
        int start = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\u0085' or '\u2028' or '\u2029')) continue;
            int end = text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n' ? at + 2 : at + 1;
            lines.Add(text[start..(keepEnds ? end : at)]);
            start = end;
            at = end - 1;
        }
        if (start < text.Length) lines.Add(text[start..]);
        run.Charge(lines.Count);
        return lines;
    }
}
