using System.Collections.Frozen;
using System.Numerics;
using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>The names every template finds: Jinja's own and the two that chat templates are given.</summary>
internal static class Globals
{
    public static NativeFunction FromKeys { get; } = new("fromkeys", new Signature("iterable, value="), (run, a) =>
        DictValue.Of(a[0]!.RequireItems(run).Select(key => KeyValuePair.Create(key, a[1] ?? NoneValue.Instance))));

    private static readonly FrozenDictionary<string, Value> all = new Dictionary<string, Value>(StringComparer.Ordinal)
    {
        ["raise_exception"] = new NativeFunction("raise_exception", new Signature("message"), (run, a) => throw Errors.Raised(a[0]!.Text(run))),
        ["strftime_now"] = new NativeFunction("strftime_now", new Signature("format"), (run, a) => Value.Of(Strftime.Format(run.Now, StringMethods.Text(a[0])))),
        ["range"] = new NativeFunction("range", new Signature("start, stop=, step="), (_, a) => Range(a)),
        ["dict"] = new NativeFunction("dict", Dict) { Members = new Dictionary<string, Value> { ["fromkeys"] = FromKeys } },
        ["namespace"] = new NativeFunction("namespace", Namespace),
        ["joiner"] = new NativeFunction("joiner", new Signature("sep="), (_, a) => Joiner(a[0] ?? Value.Of(", "))),
        ["cycler"] = new NativeFunction("cycler", (_, arguments) => new CyclerValue(arguments.Positional)),
        ["lipsum"] = new NativeFunction("lipsum", new Signature("n=, html=, min=, max="), (run, a) => Lipsum(run, a)),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static Value? Find(string name) => all.GetValueOrDefault(name);

    private static RangeValue Range(Value?[] a)
    {
        BigInteger Number(Value value) => value is IntValue number ? number.Number
            : value is UndefinedValue undefined ? undefined.Fail<BigInteger>() : throw Errors.Runtime($"'{value.TypeName}' object cannot be interpreted as an integer");
        return a[1] is null ? RangeValue.Of(0, Number(a[0]!), 1) : RangeValue.Of(Number(a[0]!), Number(a[1]!), a[2] is null ? 1 : Number(a[2]!));
    }

    private static DictValue Dict(Run run, Arguments arguments)
    {
        if (arguments.Positional.Length > 1) throw Errors.Runtime($"dict expected at most 1 argument, got {arguments.Positional.Length}");
        var dict = new DictValue();
        if (arguments.Positional.Length == 1)
            foreach ((Value key, Value value) in Pairs(run, arguments.Positional[0])) dict.Put(key, value);
        foreach ((string name, Value value) in arguments.Named) dict.Put(Value.Of(name), value);
        run.Charge(dict.Entries.Count);
        return dict;
    }

    private static IEnumerable<KeyValuePair<Value, Value>> Pairs(Run run, Value source)
    {
        if (source is DictValue dict) return dict.Entries;
        return source.RequireItems(run).Select(item =>
        {
            Value[] pair = [.. (item.Items(run) ?? throw Errors.Runtime($"cannot convert dictionary update sequence element to a sequence")).Take(3)];
            return pair.Length == 2 ? KeyValuePair.Create(pair[0], pair[1]) : throw Errors.Runtime("dictionary update sequence element has the wrong length; 2 is required");
        });
    }

    private static NamespaceValue Namespace(Run run, Arguments arguments)
    {
        var members = new NamespaceValue();
        foreach ((Value key, Value value) in Dict(run, arguments).Entries)
            members.Set(key is StrValue name ? name.Content : throw Errors.Runtime("a namespace's names are strings"), value);
        return members;
    }

    private static NativeFunction Joiner(Value separator)
    {
        bool used = false;
        return new NativeFunction("joiner", Signature.None, (_, _) =>
        {
            if (used) return separator;
            used = true;
            return StrValue.Empty;
        });
    }

    private static StrValue Lipsum(Run run, Value?[] a)
    {
        int paragraphs = StringMethods.Count(a[0], 5);
        bool html = a[1]?.IsTrue ?? true;
        int words = Math.Max(1, StringMethods.Count(a[2], 20));
        string[] vocabulary = ["lorem", "ipsum", "dolor", "sit", "amet", "consectetuer", "adipiscing", "elit"];
        List<string> text = [];
        for (int p = 0; p < paragraphs; p++)
        {
            run.ChargeText(words * 12L);
            string body = Casing.Capitalize(string.Join(' ', Enumerable.Range(0, words).Select(_ => vocabulary[run.Random.Next(vocabulary.Length)]))) + ".";
            text.Add(html ? $"<p>{body}</p>" : body);
        }
        return new StrValue(string.Join(html ? "\n" : "\n\n", text), html);
    }
}

/// <summary>Jinja's cycler: gives its items in turn.</summary>
internal sealed class CyclerValue(Value[] items) : Value
{
    private int position = items.Length > 0 ? 0 : throw Errors.Runtime("at least one item has to be provided");

    public override string TypeName => "Cycler";

    public override Value? Attribute(string name) => name switch
    {
        "current" => items[position],
        "next" => new NativeFunction(name, Signature.None, (_, _) =>
        {
            Value current = items[position];
            position = (position + 1) % items.Length;
            return current;
        }),
        "reset" => new NativeFunction(name, Signature.None, (_, _) =>
        {
            position = 0;
            return NoneValue.Instance;
        }),
        "items" => new TupleValue(items),
        _ => null,
    };

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
