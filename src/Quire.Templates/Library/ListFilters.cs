using System.Text;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>Filters over the items of a list, dict or text.</summary>
internal static class ListFilters
{
    public static void Register(FilterTable table)
    {
        table.Add("list", "", (run, value, _) => ListValue.Of(Items(run, value)));
        table.Add("length", "", (_, value, _) => Value.Of(value.Length ?? throw Errors.Runtime($"object of type '{value.TypeName}' has no len()")));
        table.Alias("count", "length");
        table.Add("first", "", (run, value, _) => Items(run, value).FirstOrDefault() ?? UndefinedValue.Because("No first item, sequence was empty."));
        table.Add("last", "", Last);
        table.Add("random", "", (run, value, _) => value.Length is 0 ? UndefinedValue.Because("No random item, sequence was empty.") : Items(run, value).ElementAt(run.Random.Next(Length(value))));
        table.Add("join", "d=, attribute=", Join);
        table.Add("reverse", "", Reverse);
        table.Add("sort", "reverse=, case_sensitive=, attribute=", (run, value, a) =>
            ListValue.Of(Sorting.Sorted(run, Items(run, value), Sorting.Keys(run, a[2], a[1]?.IsTrue ?? false), a[0]?.IsTrue ?? false)));
        table.Add("unique", "case_sensitive=, attribute=", (run, value, a) => new IteratorValue(Unique(run, value, Sorting.Key(run, a[1], a[0]?.IsTrue ?? false))));
        table.Add("min", "case_sensitive=, attribute=", (run, value, a) => Extreme(run, value, a, "<"));
        table.Add("max", "case_sensitive=, attribute=", (run, value, a) => Extreme(run, value, a, ">"));
        table.Add("sum", "attribute=, start=", Sum);
        table.Add("batch", "linecount, fill_with=", (run, value, a) => new IteratorValue(Batch(run, value, StringMethods.Count(a[0], 0), a[1])));
        table.Add("slice", "slices, fill_with=", (run, value, a) => new IteratorValue(Slice(run, value, StringMethods.Count(a[0], 0), a[1])));
        table.Add("groupby", "attribute, default=, case_sensitive=", GroupBy);
        table.Add("dictsort", "case_sensitive=, by=, reverse=", DictSort);
        table.Add("items", "", (_, value, _) => new IteratorValue(DictItems(value)));
    }

    /// <summary>The items, each paid for.</summary>
    public static IEnumerable<Value> Items(Run run, Value value)
    {
        foreach (Value item in value.RequireItems(run))
        {
            run.Charge(1);
            yield return item;
        }
    }

    private static int Length(Value value) => value.Length ?? throw Errors.Runtime($"object of type '{value.TypeName}' has no len()");

    private static bool IsReversible(Value value) => value is StrValue or SequenceValue or DictValue or DictViewValue or RangeValue or UndefinedValue;

    private static Value Last(Run run, Value value, Value?[] a)
    {
        if (!IsReversible(value)) throw Errors.Runtime($"'{value.TypeName}' object is not reversible");
        return Items(run, value).LastOrDefault() ?? UndefinedValue.Because("No last item, sequence was empty.");
    }

    private static StrValue Join(Run run, Value value, Value?[] a)
    {
        string separator = a[0]?.Text(run) ?? "";
        IEnumerable<Value> items = Items(run, value);
        if (a[1] is { } attribute and not NoneValue) items = items.Select(Sorting.Getter(run, attribute));
        if (run.AutoEscape) separator = a[0] is StrValue { IsMarkup: true } ? separator : Python.Html.Escape(separator);
        var text = new StringBuilder();
        bool first = true;
        foreach (Value item in items)
        {
            if (!first) text.Append(separator);
            first = false;
            string piece = Python.Html.Text(run, item, run.AutoEscape);
            run.ChargeText((long)piece.Length + separator.Length);
            if (text.Append(piece).Length > Limits.StringLength) throw Errors.TooMuch($"{Limits.StringLength} characters in one text");
        }
        return new StrValue(text.ToString(), run.AutoEscape);
    }

    private static Value Reverse(Run run, Value value, Value?[] a)
    {
        if (value is StrValue) return Sequences.Slice(run, value, NoneValue.Instance, NoneValue.Instance, Value.Of(-1));
        if (value.Items(run) is null) throw Errors.Runtime("argument must be iterable");
        Value[] items = [.. Items(run, value).Reverse()];
        return IsReversible(value) ? new IteratorValue(items, value is ListValue ? "list_reverseiterator" : "reversed") : new ListValue(items);
    }

    private static IEnumerable<Value> Unique(Run run, Value value, Func<Value, Value> key)
    {
        var seen = new HashSet<Value>();
        foreach (Value item in Items(run, value))
        {
            Value by = key(item);
            run.Charge(by.Weight);
            if (!by.IsHashable) throw Errors.Runtime($"unhashable type: '{by.TypeName}'");
            if (seen.Add(by)) yield return item;
        }
    }

    private static Value Extreme(Run run, Value value, Value?[] a, string op)
    {
        Func<Value, Value> key = Sorting.Key(run, a[1], a[0]?.IsTrue ?? false);
        Value? best = null;
        Value? bestKey = null;
        foreach (Value item in Items(run, value))
        {
            Value itemKey = key(item);
            if (bestKey is not null && !Operators.Orders(run, op, itemKey, bestKey)) continue;
            best = item;
            bestKey = itemKey;
        }
        return best ?? UndefinedValue.Because("No aggregated item, sequence was empty.");
    }

    private static Value Sum(Run run, Value value, Value?[] a)
    {
        Value total = a[1] ?? Value.Of(0);
        if (total is StrValue) throw Errors.Runtime("sum() can't sum strings [use ''.join(seq) instead]");
        Func<Value, Value> get = a[0] is null or NoneValue ? item => item : Sorting.Getter(run, a[0]!);
        foreach (Value item in Items(run, value)) total = Operators.Add(run, total, get(item));
        return total;
    }

    private static IEnumerable<Value> Batch(Run run, Value value, int size, Value? fill)
    {
        List<Value> batch = [];
        foreach (Value item in Items(run, value))
        {
            if (batch.Count == size && batch.Count > 0)
            {
                yield return ListValue.Of(batch);
                batch = [];
            }
            batch.Add(item);
        }
        if (batch.Count == 0) yield break;
        if (fill is not null and not NoneValue && batch.Count < size)
        {
            run.Charge(size);
            batch.AddRange(Enumerable.Repeat(fill, size - batch.Count));
        }
        yield return ListValue.Of(batch);
    }

    private static IEnumerable<Value> Slice(Run run, Value value, int slices, Value? fill)
    {
        Value[] items = [.. Items(run, value)];
        if (slices == 0) throw Errors.Runtime("integer division or modulo by zero");
        int each = items.Length / slices;
        int longer = items.Length % slices;
        int at = 0;
        for (int i = 0; i < slices; i++)
        {
            int count = each + (i < longer ? 1 : 0);
            IEnumerable<Value> slice = items.AsEnumerable().Skip(at).Take(count);
            // A short list is more than a step.
            run.Charge(8 + count);
            at += count;
            yield return ListValue.Of(fill is not null and not NoneValue && i >= longer && longer > 0 ? slice.Append(fill) : slice);
        }
    }

    private static ListValue GroupBy(Run run, Value value, Value?[] a)
    {
        bool caseSensitive = a[2]?.IsTrue ?? false;
        Func<Value, Value> get = Sorting.Getter(run, a[0]!, a[1] is NoneValue ? null : a[1]);
        Value Key(Value item) => caseSensitive ? get(item) : Sorting.IgnoreCase(run, get(item));
        List<Value> groups = [];
        List<Value> members = [];
        Value? current = null;
        foreach (Value item in Sorting.Sorted(run, Items(run, value), Key, reverse: false))
        {
            Value key = Key(item);
            if (current is not null && !Operators.AreEqual(run, current, key))
            {
                groups.Add(new GroupValue(get(members[0]), ListValue.Of(members)));
                members = [];
            }
            current = key;
            members.Add(item);
        }
        if (members.Count > 0) groups.Add(new GroupValue(get(members[0]), ListValue.Of(members)));
        return ListValue.Of(groups);
    }

    private static ListValue DictSort(Run run, Value value, Value?[] a)
    {
        if (value is not DictValue dict) throw Errors.Runtime($"'{value.TypeName}' object has no attribute 'items'");
        string by = a[1] is null ? "key" : StringMethods.Text(a[1]);
        if (by is not ("key" or "value")) throw Errors.Runtime("You can only sort by either \"key\" or \"value\"");
        bool caseSensitive = a[0]?.IsTrue ?? false;
        run.Charge(dict.Entries.Count);
        Value Key(KeyValuePair<Value, Value> entry) => (by == "key" ? entry.Key : entry.Value) is var key && caseSensitive ? key : Sorting.IgnoreCase(run, key);
        return ListValue.Of(Sorting.Sorted(run, dict.Entries, Key, a[2]?.IsTrue ?? false).Select(entry => new TupleValue(entry.Key, entry.Value)));
    }

    private static IEnumerable<Value> DictItems(Value value)
    {
        if (value.IsUndefined) yield break;
        if (value is not DictValue dict) throw Errors.Runtime("Can only get item pairs from a mapping.");
        foreach ((Value key, Value item) in dict.Entries) yield return new TupleValue(key, item);
    }
}

/// <summary>A group of <c>groupby</c>: a pair whose parts also have names.</summary>
internal sealed class GroupValue(Value grouper, Value list) : TupleValue(grouper, list)
{
    public override Value? Attribute(string name) => name switch { "grouper" => Elements[0], "list" => Elements[1], _ => base.Attribute(name) };

    public override SequenceValue With(Value[] items) => new TupleValue(items);

    public override bool Equals(object? obj) => base.Equals(obj);

    public override int GetHashCode() => base.GetHashCode();
}
