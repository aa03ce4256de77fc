using System.Text;
using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>Filters for HTML and addresses.</summary>
internal static class MarkupFilters
{
    public static void Register(FilterTable table)
    {
        table.Add("escape", "", (run, value, _) => value is StrValue { IsMarkup: true } ? value : Escaped(run, value));
        table.Alias("e", "escape");
        table.Add("forceescape", "", (run, value, _) => Escaped(run, value));
        table.Add("safe", "", (run, value, _) => new StrValue(value.Text(run), isMarkup: true));
        table.Add("striptags", "", (run, value, _) => Value.Of(StripTags(run, value.Text(run))));
        table.Add("xmlattr", "autospace=", XmlAttributes);
        table.Add("urlencode", "", UrlEncode);
    }

    private static StrValue Escaped(Run run, Value value)
    {
        string text = value.Text(run);
        run.ChargeText(text.Length);
        return new StrValue(Html.Escape(text), isMarkup: true);
    }

    private static string StripTags(Run run, string text)
    {
        run.ChargeText(text.Length);
        var plain = new StringBuilder();
        int at = 0;
        while (text.IndexOf('<', at) is var open and >= 0)
        {
            bool comment = string.CompareOrdinal(text, open, "<!--", 0, 4) == 0;
            string closer = comment ? "-->" : ">";
            int close = text.IndexOf(closer, open + 1, StringComparison.Ordinal);
            if (close < 0) break;
            plain.Append(text, at, open - at);
            at = close + closer.Length;
        }
        plain.Append(text, at, text.Length - at);
        string unescaped = System.Net.WebUtility.HtmlDecode(plain.ToString());
        return string.Join(' ', ((ListValue)Splitting.Split(run, unescaped, null, -1, fromEnd: false)).Elements.Select(word => ((StrValue)word).Content));
    }

    private static StrValue XmlAttributes(Run run, Value value, Value?[] a)
    {
        if (value is not DictValue dict) throw Errors.Runtime($"'{value.TypeName}' object has no attribute 'items'");
        List<string> attributes = [];
        foreach ((Value key, Value item) in dict.Entries)
        {
            if (item is NoneValue or UndefinedValue) continue;
            string name = StringMethods.Text(key);
            if (name.AsSpan().ContainsAny("/>=") || name.Any(PyChar.IsSpace)) throw Errors.Runtime($"Invalid character in attribute name: {PyRepr.Of(name)}");
            attributes.Add($"{Html.Escape(name)}=\"{(item is StrValue { IsMarkup: true } safe ? safe.Content : Html.Escape(item.Text(run)))}\"");
        }
        string text = string.Join(' ', attributes);
        run.ChargeText(text.Length);
        return new StrValue(text.Length > 0 && (a[0]?.IsTrue ?? true) ? " " + text : text, run.AutoEscape);
    }

    private static StrValue UrlEncode(Run run, Value value, Value?[] a)
    {
        if (value is StrValue || value.Items(run) is not { } items) return new StrValue(Quote(run, value.Text(run), isQuery: false));
        IEnumerable<Value[]> pairs = value is DictValue dict ? dict.Entries.Select(e => new[] { e.Key, e.Value }) : items.Select(pair => pair.RequireItems(run).ToArray());
        return new StrValue(string.Join('&', pairs.Select(pair => pair.Length == 2
            ? Quote(run, pair[0].Text(run), isQuery: true) + "=" + Quote(run, pair[1].Text(run), isQuery: true)
            : throw Errors.Runtime("a pair is needed"))));
    }

    private static string Quote(Run run, string text, bool isQuery)
    {
        run.ChargeText(text.Length * 3L);
        var result = new StringBuilder();
        foreach (byte b in Encoding.UTF8.GetBytes(text))
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~' || (b == '/' && !isQuery)) result.Append((char)b);
            else if (b == ' ' && isQuery) result.Append('+');
            else result.Append('%').Append(b.ToString("X2"));
        return result.ToString();
    }
}
