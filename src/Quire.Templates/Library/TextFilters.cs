using System.Text;
using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>Filters over one text; what is no text is printed first.</summary>
internal static class TextFilters
{
    public static void Register(FilterTable table)
    {
        table.Add("string", "", (run, value, _) => Soft(run, value));
        table.Add("upper", "", (run, value, _) => Change(run, value, Casing.Upper));
        table.Add("lower", "", (run, value, _) => Change(run, value, Casing.Lower));
        table.Add("capitalize", "", (run, value, _) => Change(run, value, Casing.Capitalize));
        table.Add("title", "", (run, value, _) => Change(run, value, Title));
        table.Add("trim", "chars=", (run, value, a) => Change(run, value, text => PyChar.Trim(text, a[0] is null or NoneValue ? null : StringMethods.Text(a[0]), true, true)));
        table.Add("replace", "old, new, count=", (run, value, a) =>
            Change(run, value, text => TextSearch.Replace(run, text, a[0]!.Text(run), a[1]!.Text(run), StringMethods.Count(a[2], -1))));
        table.Add("center", "width=", (run, value, a) => Padding.Pad(run, Soft(run, value), StringMethods.Count(a[0], 80), " ", Alignment.Center));
        table.Add("indent", "width=, first=, blank=", Indent);
        table.Add("wordcount", "", (run, value, _) => Value.Of(WordCount(Soft(run, value).Content)));
        table.Add("wordwrap", "width=, break_long_words=, wrapstring=, break_on_hyphens=", (run, value, a) =>
            Value.Of(WordWrap.Wrap(run, StringMethods.Text(value), StringMethods.Count(a[0], 79), a[1]?.IsTrue ?? true, a[2] is null or NoneValue ? "\n" : StringMethods.Text(a[2]), a[3]?.IsTrue ?? true)));
        table.Add("truncate", "length=, killwords=, end=, leeway=", Truncate);
        table.AddFree("format", Format);
    }

    /// <summary>The value as text; escaped text stays escaped.</summary>
    public static StrValue Soft(Run run, Value value) => value as StrValue ?? new StrValue(value.Text(run));

    private static StrValue Change(Run run, Value value, Func<string, string> change)
    {
        StrValue text = Soft(run, value);
        run.ChargeText(text.Content.Length);
        return new StrValue(change(text.Content), text.IsMarkup);
    }

    /// <summary>Jinja's own title case: words begin after blanks, hyphens and opening brackets only.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length;)
        {
            int end = at;
            while (end < text.Length && IsBreak(text[end]) == IsBreak(text[at])) end++;
            int width = PyChar.Width(text, at);
            result.Append(Casing.Upper(text.Substring(at, width))).Append(Casing.Lower(text[(at + width)..end]));
            at = end;
        }
        return result.ToString();
    }

    private static bool IsBreak(char c) => c is '-' or '(' or '{' or '[' or '<' || PyChar.IsSpace(c);

    private static StrValue Indent(Run run, Value value, Value?[] a)
    {
        string text = StringMethods.Text(value);
        string indention = a[0] is StrValue custom ? custom.Content : Blanks(run, StringMethods.Count(a[0], 4));
        bool first = a[1]?.IsTrue ?? false;
        bool blank = a[2]?.IsTrue ?? false;
        List<string> lines = Splitting.Lines(run, text + "\n");
        run.ChargeText(text.Length + (long)lines.Count * indention.Length);
        var result = new StringBuilder();
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0) result.Append('\n');
            if (i == 0 ? first : blank || lines[i].Length > 0) result.Append(indention);
            result.Append(lines[i]);
        }
        return new StrValue(result.ToString(), ((StrValue)value).IsMarkup);
    }

    private static string Blanks(Run run, int count)
    {
        run.ChargeText(count);
        return new string(' ', Math.Max(0, count));
    }

    private static int WordCount(string text)
    {
        int words = 0;
        for (int i = 0; i < text.Length; i++)
            if (PyChar.IsWord(text[i]) && (i == 0 || !PyChar.IsWord(text[i - 1]))) words++;
        return words;
    }

    private static StrValue Truncate(Run run, Value value, Value?[] a)
    {
        StrValue text = value as StrValue ?? throw Errors.Runtime($"object of type '{value.TypeName}' has no len()");
        int length = StringMethods.Count(a[0], 255);
        StrValue end = a[2] is null ? new StrValue("...") : new StrValue(StringMethods.Text(a[2]));
        int leeway = StringMethods.Count(a[3], 5);
        if (length < end.Length) throw Errors.Runtime($"expected length >= {end.Length}, got {length}");
        if (leeway < 0) throw Errors.Runtime($"expected leeway >= 0, got {leeway}");
        if (text.Length <= (long)length + leeway) return text;
        run.ChargeText(text.Content.Length);
        string kept = text.Content[..text.Offset(length - end.Length!.Value)];
        if (!(a[1]?.IsTrue ?? false) && kept.LastIndexOf(' ') is var space and >= 0) kept = kept[..space];
        return new StrValue(kept + end.Content, text.IsMarkup);
    }

    private static Value Format(Run run, Value value, Arguments arguments)
    {
        if (arguments.Positional.Length > 0 && arguments.Named.Length > 0) throw Errors.Runtime("can't handle positional and keyword arguments at the same time");
        Value operand = arguments.Named.Length > 0
            ? DictValue.Of(arguments.Named.Select(n => KeyValuePair.Create(Value.Of(n.Key), n.Value)))
            : new TupleValue(arguments.Positional);
        return PercentFormat.Apply(run, Soft(run, value), operand);
    }
}
