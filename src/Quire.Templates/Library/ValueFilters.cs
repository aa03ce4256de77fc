using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>Filters over any value.</summary>
internal static class ValueFilters
{
    public static void Register(FilterTable table)
    {
        table.Add("default", "default_value=, boolean=", (_, value, a) => value.IsUndefined || ((a[1]?.IsTrue ?? false) && !value.IsTrue) ? a[0] ?? StrValue.Empty : value);
        table.Alias("d", "default");
        table.Add("attr", "name", (_, value, a) => Members.AttributeOnly(value, StringMethods.Text(a[0])));
        table.Add("tojson", "ensure_ascii=, indent=, separators=, sort_keys=", ToJson);
        table.Add("pprint", "", (run, value, _) => Value.Of(PyRepr.Of(run, Ordered(run, value))));
    }

    private static StrValue ToJson(Run run, Value value, Value?[] a)
    {
        string? indent = a[1] switch
        {
            null or NoneValue => null,
            StrValue text => text.Content,
            var count => Blanks(run, StringMethods.Count(count, 0)),
        };
        (string item, string key) = a[2] is null or NoneValue ? (indent is null ? ", " : ",", ": ") : Separators(run, a[2]!);
        return new StrValue(new JsonText(run, a[0]?.IsTrue ?? false, indent, item, key, a[3]?.IsTrue ?? false).Write(value));
    }

    private static string Blanks(Run run, int count)
    {
        run.ChargeText(count);
        return new string(' ', Math.Max(0, count));
    }

    private static (string Item, string Key) Separators(Run run, Value pair)
    {
        Value[] parts = [.. pair.RequireItems(run).Take(3)];
        return parts.Length == 2 ? (StringMethods.Text(parts[0]), StringMethods.Text(parts[1])) : throw Errors.Runtime("separators are a pair");
    }

    /// <summary>Dicts by sorted keys, as pprint shows them; mixed keys stay as they are.</summary>
    private static Value Ordered(Run run, Value value)
    {
        run.Charge(value.Weight);
        if (value is SequenceValue sequence) return sequence.With([.. sequence.Elements.Select(item => Ordered(run, item))]);
        if (value is not DictValue dict) return value;
        IEnumerable<KeyValuePair<Value, Value>> entries = dict.Entries;
        if (entries.All(e => e.Key is StrValue)) entries = Sorting.Sorted(run, entries, e => e.Key, reverse: false);
        return DictValue.Of(entries.Select(e => KeyValuePair.Create(e.Key, Ordered(run, e.Value))));
    }
}
