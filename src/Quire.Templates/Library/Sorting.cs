using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>Keys for sorting and grouping: attributes by a dotted path, text without case.</summary>
internal static class Sorting
{
    /// <summary>Sorts stably with Python's <c>&lt;</c>, also when reversed.</summary>
    public static IEnumerable<T> Sorted<T>(Run run, IEnumerable<T> items, Func<T, Value> key, bool reverse)
    {
        Comparer<Value> order = Comparer<Value>.Create((left, right) =>
        {
            if (Operators.Orders(run, "<", left, right)) return -1;
            return Operators.Orders(run, "<", right, left) ? 1 : 0;
        });
        return reverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order);
    }

    /// <summary>The value a filter compares by: an attribute of the item if one is named, in lower case unless case counts.</summary>
    public static Func<Value, Value> Key(Run run, Value? attribute, bool caseSensitive)
    {
        Func<Value, Value> get = attribute is null or NoneValue ? item => item : Getter(run, attribute);
        return caseSensitive ? get : item => IgnoreCase(run, get(item));
    }

    /// <summary>As <see cref="Key"/>, for several attributes separated by commas.</summary>
    public static Func<Value, Value> Keys(Run run, Value? attribute, bool caseSensitive)
    {
        if (attribute is not StrValue { Content: var names } || !names.Contains(',')) return Key(run, attribute, caseSensitive);
        Func<Value, Value>[] keys = [.. names.Split(',').Select(name => Key(run, Value.Of(name), caseSensitive))];
        return item => new ListValue([.. keys.Select(key => key(item))]);
    }

    public static Value IgnoreCase(Run run, Value value)
    {
        if (value is not StrValue text) return value;
        run.ChargeText(text.Content.Length);
        return Value.Of(Casing.Lower(text.Content));
    }

    /// <summary>Looks up a path such as <c>function.name</c> or <c>0.role</c>.</summary>
    public static Func<Value, Value> Getter(Run run, Value attribute, Value? fallback = null)
    {
        Value[] path = attribute is StrValue text
            ? [.. text.Content.Split('.').Select(part => part.Length > 0 && part.All(char.IsAsciiDigit) ? IntValue.Of(NumberText.Integer(part, 10) ?? -1) : Value.Of(part))]
            : [attribute];
        return item =>
        {
            foreach (Value part in path)
            {
                run.Charge(1);
                item = Members.Item(run, item, part);
                if (fallback is not null && item.IsUndefined) item = fallback;
            }
            return item;
        };
    }
}
