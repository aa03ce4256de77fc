using System.Collections.Frozen;
using System.Text;
using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>The methods of str.</summary>
internal static class StringMethods
{
    private delegate Value Method(Run run, StrValue self, Value?[] arguments);

    private static readonly FrozenDictionary<string, (Signature Signature, Method Body)> methods = Table();

    public static Value? Find(StrValue self, string name)
    {
        if (name == "format") return new NativeFunction(name, (run, arguments) => StrFormat.Apply(run, self, arguments));
        return methods.TryGetValue(name, out var method)
            ? new NativeFunction(name, method.Signature, (run, arguments) =>
            {
                run.ChargeText(self.Content.Length);
                return method.Body(run, self, arguments);
            })
            : null;
    }

    private static FrozenDictionary<string, (Signature, Method)> Table()
    {
        var table = new Dictionary<string, (Signature, Method)>(StringComparer.Ordinal);
        void Add(string name, string parameters, Method body) => table[name] = (new Signature(parameters), body);
        void Change(string name, Func<string, string> body) => Add(name, "", (_, s, _) => new StrValue(body(s.Content), s.IsMarkup));
        void Ask(string name, Func<string, bool> body) => Add(name, "", (_, s, _) => Value.Of(body(s.Content)));

        Change("upper", Casing.Upper);
        Change("lower", Casing.Lower);
        Change("title", Casing.Title);
        Change("capitalize", Casing.Capitalize);
        Change("swapcase", Casing.SwapCase);
        Change("casefold", Casing.Fold);

        Ask("isupper", Casing.IsUpper);
        Ask("islower", Casing.IsLower);
        Ask("istitle", Casing.IsTitle);
        Ask("isspace", s => PyChar.IsSpace(s));
        Ask("isascii", s => Ascii.IsValid(s));
        Ask("isalpha", s => All(s, Rune.IsLetter));
        Ask("isdecimal", s => All(s, rune => Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.DecimalDigitNumber));
        Ask("isdigit", s => All(s, rune => System.Globalization.CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0));
        Ask("isnumeric", s => All(s, rune => Rune.GetNumericValue(rune) >= 0));
        Ask("isalnum", s => All(s, rune => Rune.IsLetter(rune) || Rune.GetNumericValue(rune) >= 0));
        Ask("isprintable", s => PyChar.CodePoints(s).All(c => c == ' ' || PyChar.IsPrintable(c)));
        Ask("isidentifier", s => s.Length > 0 && !char.IsDigit(s[0]) && s.All(PyChar.IsWord));

        Add("strip", "chars=", (_, s, a) => Trim(s, a[0], true, true));
        Add("lstrip", "chars=", (_, s, a) => Trim(s, a[0], true, false));
        Add("rstrip", "chars=", (_, s, a) => Trim(s, a[0], false, true));
        Add("removeprefix", "prefix", (_, s, a) => s.Content.StartsWith(Text(a[0]), StringComparison.Ordinal) ? Value.Of(s.Content[Text(a[0]).Length..]) : s);
        Add("removesuffix", "suffix", (_, s, a) => s.Content.EndsWith(Text(a[0]), StringComparison.Ordinal) ? Value.Of(s.Content[..^Text(a[0]).Length]) : s);

        Add("startswith", "prefix, start=, end=", (run, s, a) => Value.Of(Affix(run, s, a, static (text, part) => text.StartsWith(part, StringComparison.Ordinal))));
        Add("endswith", "suffix, start=, end=", (run, s, a) => Value.Of(Affix(run, s, a, static (text, part) => text.EndsWith(part, StringComparison.Ordinal))));

        Add("replace", "old, new, count=", (run, s, a) => new StrValue(TextSearch.Replace(run, s.Content, Text(a[0]), Text(a[1]), Count(a[2], -1)), s.IsMarkup));
        Add("count", "sub, start=, end=", (run, s, a) => Value.Of(TextSearch.Count(run, Window(run, s, a[1], a[2]).Content, Text(a[0]))));
        Add("find", "sub, start=, end=", (run, s, a) => Value.Of(TextSearch.Find(run, s, a, last: false)));
        Add("rfind", "sub, start=, end=", (run, s, a) => Value.Of(TextSearch.Find(run, s, a, last: true)));
        Add("index", "sub, start=, end=", (run, s, a) => Value.Of(Found(TextSearch.Find(run, s, a, last: false))));
        Add("rindex", "sub, start=, end=", (run, s, a) => Value.Of(Found(TextSearch.Find(run, s, a, last: true))));

        Add("split", "sep=, maxsplit=", (run, s, a) => Splitting.Split(run, s.Content, a[0], Count(a[1], -1), fromEnd: false));
        Add("rsplit", "sep=, maxsplit=", (run, s, a) => Splitting.Split(run, s.Content, a[0], Count(a[1], -1), fromEnd: true));
        Add("splitlines", "keepends=", (run, s, a) => ListValue.Of(Splitting.Lines(run, s.Content, a[0]?.IsTrue ?? false).Select(Value.Of)));
        Add("partition", "sep", (run, s, a) => Splitting.Partition(run, s.Content, Text(a[0]), fromEnd: false));
        Add("rpartition", "sep", (run, s, a) => Splitting.Partition(run, s.Content, Text(a[0]), fromEnd: true));
        Add("join", "iterable", (run, s, a) => Value.Of(Joined(run, s.Content, a[0]!)));

        Add("center", "width, fillchar=", (run, s, a) => Pad(run, s, a[0]!, a[1], Alignment.Center));
        Add("ljust", "width, fillchar=", (run, s, a) => Pad(run, s, a[0]!, a[1], Alignment.Left));
        Add("rjust", "width, fillchar=", (run, s, a) => Pad(run, s, a[0]!, a[1], Alignment.Right));
        Add("zfill", "width", (run, s, a) => Padding.ZeroFill(run, s, Count(a[0], 0)));
        Add("expandtabs", "tabsize=", (run, s, a) => Value.Of(Padding.ExpandTabs(run, s.Content, Count(a[0], 8))));

        Add("encode", "encoding=, errors=", (_, s, _) => new BytesValue(Encoding.UTF8.GetBytes(s.Content)));
        Add("format_map", "mapping", (run, s, a) => StrFormat.Apply(run, s, new Arguments([], a[0] is DictValue d
            ? [.. d.Entries.Where(e => e.Key is StrValue).Select(e => KeyValuePair.Create(((StrValue)e.Key).Content, e.Value))]
            : throw Errors.Runtime("format_map() argument must be a mapping"))));
        return table.ToFrozenDictionary(StringComparer.Ordinal);
    }

    public static string Text(Value? value) => value switch
    {
        StrValue text => text.Content,
        UndefinedValue undefined => undefined.Fail<string>(),
        _ => throw Errors.Runtime($"must be str, not {value?.TypeName ?? "NoneType"}"),
    };

    /// <summary>An integer argument; far values are all the same to a method.</summary>
    public static int Count(Value? value, int absent) => value switch
    {
        null or NoneValue => absent,
        IntValue number => (int)System.Numerics.BigInteger.Max(-int.MaxValue, System.Numerics.BigInteger.Min(int.MaxValue, number.Number)),
        _ => throw Errors.Runtime($"'{value.TypeName}' object cannot be interpreted as an integer"),
    };

    private static StrValue Trim(StrValue self, Value? set, bool start, bool end)
    {
        string? chars = set switch { null or NoneValue => null, StrValue s => s.Content, _ => throw Errors.Runtime("strip arg must be None or str") };
        string trimmed = PyChar.Trim(self.Content, chars, start, end);
        return trimmed.Length == self.Content.Length ? self : new StrValue(trimmed, self.IsMarkup);
    }

    private static bool All(string text, Func<Rune, bool> holds)
    {
        if (text.Length == 0) return false;
        foreach (Rune rune in text.EnumerateRunes())
            if (!holds(rune)) return false;
        return true;
    }

    private static bool Affix(Run run, StrValue self, Value?[] a, Func<string, string, bool> matches)
    {
        string text = Window(run, self, a[1], a[2]).Content;
        if (a[0] is TupleValue several) return several.Elements.Any(part => matches(text, Text(part)));
        return a[0] is StrValue one ? matches(text, one.Content) : throw Errors.Runtime($"first arg must be str or a tuple of str, not {a[0]!.TypeName}");
    }

    /// <summary>The part of a text between two indices, as the search methods see it.</summary>
    public static StrValue Window(Run run, StrValue self, Value? start, Value? end) =>
        start is null && end is null ? self : (StrValue)Sequences.Slice(run, self, start ?? NoneValue.Instance, end ?? NoneValue.Instance, NoneValue.Instance);

    private static int Found(int index) => index >= 0 ? index : throw Errors.Runtime("substring not found");

    public static string Joined(Run run, string separator, Value items)
    {
        var text = new StringBuilder();
        int i = 0;
        foreach (Value item in items.Items(run) ?? throw Errors.Runtime("can only join an iterable"))
        {
            if (item is not StrValue part) throw Errors.Runtime($"sequence item {i}: expected str instance, {item.TypeName} found");
            if (i++ > 0) text.Append(separator);
            run.ChargeText((long)part.Content.Length + separator.Length);
            if (text.Append(part.Content).Length > Limits.StringLength) throw Errors.TooMuch($"{Limits.StringLength} characters in one text");
        }
        return text.ToString();
    }

    private static StrValue Pad(Run run, StrValue self, Value width, Value? fill, Alignment alignment)
    {
        string character = fill is null ? " " : Text(fill);
        if (new StrValue(character).Length != 1) throw Errors.Runtime("The fill character must be exactly one character long");
        return Padding.Pad(run, self, Count(width, 0), character, alignment);
    }
}
