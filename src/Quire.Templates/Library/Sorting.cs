using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>Keys for sorting and grouping: attributes by a dotted path, text without case.</summary>
internal static class Sorting
{
    /// <summary>Sorts stably with Python's <c>&lt;</c>, also when reversed.</summary>
    /// <remarks>A merge sort of our own: the library's wraps what a comparison throws, and promises nothing where comparisons contradict each other.</remarks>
    public static IEnumerable<T> Sorted<T>(Run run, IEnumerable<T> items, Func<T, Value> key, bool reverse)
    {
        (T Item, Value Key)[] from = [.. items.Select(item => (item, key(item)))];
        var to = new (T Item, Value Key)[from.Length];
        for (int width = 1; width < from.Length; width *= 2)
        {
            for (int start = 0; start < from.Length; start += 2 * width)
                Merge(run, from.AsSpan(start, Math.Min(2 * width, from.Length - start)), width, to.AsSpan(start), reverse);
            (from, to) = (to, from);
        }
        return from.Select(pair => pair.Item);
    }

    private static void Merge<T>(Run run, Span<(T Item, Value Key)> from, int width, Span<(T Item, Value Key)> to, bool reverse)
    {
        int left = 0;
        int right = width;
        for (int at = 0; at < from.Length; at++)
        {
            bool takeRight = left >= width || left >= from.Length
                || (right < from.Length && (reverse ? Operators.Orders(run, "<", from[left].Key, from[right].Key) : Operators.Orders(run, "<", from[right].Key, from[left].Key)));
            to[at] = takeRight ? from[right++] : from[left++];
        }
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
