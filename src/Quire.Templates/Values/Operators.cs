using Quire.Templates.Library;
using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>Python's binary and unary operators.</summary>
internal static class Operators
{
    public static Value Add(Run run, Value left, Value right)
    {
        switch (left, right)
        {
            case (NumberValue a, NumberValue b): return Numbers.Add(a, b);
            case (StrValue a, StrValue b): return Concat(run, a, b);
            case (ListValue a, ListValue b): return Join(run, a, b);
            case (TupleValue a, TupleValue b): return Join(run, a, b);
        }
        RefuseUndefined(left, right);
        throw Errors.Runtime(left is StrValue or SequenceValue
            ? $"can only concatenate {left.TypeName} (not \"{right.TypeName}\") to {left.TypeName}"
            : Unsupported("+", left, right));
    }

    public static Value Subtract(Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? Numbers.Subtract(a, b) : throw Refuse("-", left, right);

    public static Value Multiply(Run run, Value left, Value right)
    {
        if (left is NumberValue a && right is NumberValue b) return Numbers.Multiply(a, b);
        if (left is StrValue or SequenceValue && right is IntValue times) return Repeat(run, left, times);
        if (right is StrValue or SequenceValue && left is IntValue before) return Repeat(run, right, before);
        RefuseUndefined(left, right);
        throw Errors.Runtime(left is StrValue or SequenceValue ? $"can't multiply sequence by non-int of type '{right.TypeName}'"
            : right is StrValue or SequenceValue ? $"can't multiply sequence by non-int of type '{left.TypeName}'" : Unsupported("*", left, right));
    }

    public static Value Divide(Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? Numbers.Divide(a, b) : throw Refuse("/", left, right);

    public static Value FloorDivide(Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? Numbers.FloorDivide(a, b) : throw Refuse("//", left, right);

    public static Value Modulo(Run run, Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? Numbers.Modulo(a, b)
        : left is StrValue format ? PercentFormat.Apply(run, format, right)
        : throw Refuse("%", left, right);

    public static Value Power(Value left, Value right) =>
        left is NumberValue a && right is NumberValue b ? Numbers.Power(a, b) : throw Refuse("** or pow()", left, right);

    public static Value Negate(Value value) => value switch
    {
        IntValue i => IntValue.Of(-i.Number),
        FloatValue f => new FloatValue(-f.Number),
        UndefinedValue u => u.Fail<Value>(),
        _ => throw Errors.Runtime($"bad operand type for unary -: '{value.TypeName}'"),
    };

    public static Value Plus(Value value) => value switch
    {
        IntValue i => IntValue.Of(i.Number),
        FloatValue => value,
        UndefinedValue u => u.Fail<Value>(),
        _ => throw Errors.Runtime($"bad operand type for unary +: '{value.TypeName}'"),
    };

    public static bool AreEqual(Run run, Value left, Value right)
    {
        run.Charge(Math.Min(left.Weight, right.Weight));
        return left.Equals(right);
    }

    /// <summary><c>left &lt; right</c> and its kin; <paramref name="op"/> is "&lt;", "&lt;=", "&gt;" or "&gt;=".</summary>
    public static bool Orders(Run run, string op, Value left, Value right)
    {
        run.Charge(Math.Min(left.Weight, right.Weight));
        return Order(op, left, right) is { } order && op switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
    }

    private static int? Order(string op, Value left, Value right)
    {
        switch (left, right)
        {
            case (NumberValue a, NumberValue b): return Numbers.Compare(a, b);
            case (StrValue a, StrValue b): return CompareCodePoints(a.Content, b.Content);
            case (ListValue or TupleValue, ListValue or TupleValue) when left is ListValue == right is ListValue:
                Value[] mine = ((SequenceValue)left).Elements;
                Value[] theirs = ((SequenceValue)right).Elements;
                for (int i = 0; i < mine.Length && i < theirs.Length; i++)
                    if (!mine[i].Equals(theirs[i])) return Order(op, mine[i], theirs[i]);
                return mine.Length.CompareTo(theirs.Length);
        }
        RefuseUndefined(left, right);
        throw Errors.Runtime($"'{op}' not supported between instances of '{left.TypeName}' and '{right.TypeName}'");
    }

    /// <summary>UTF-16 order differs from code point order where surrogates meet U+E000..U+FFFF.</summary>
    private static int CompareCodePoints(string left, string right)
    {
        int at = left.AsSpan().CommonPrefixLength(right);
        if (at == left.Length || at == right.Length) return left.Length.CompareTo(right.Length);
        bool leftPair = char.IsSurrogate(left[at]);
        return leftPair != char.IsSurrogate(right[at]) ? (leftPair ? 1 : -1) : left[at].CompareTo(right[at]);
    }

    /// <summary><c>item in container</c>.</summary>
    public static bool Contains(Run run, Value container, Value item)
    {
        if (container is StrValue text)
        {
            if (item is not StrValue part) throw Errors.Runtime($"'in <string>' requires string as left operand, not {item.TypeName}");
            run.ChargeSearch(text.Content, part.Content);
            return text.Content.Contains(part.Content, StringComparison.Ordinal);
        }
        if (container is DictValue dict) return dict.Contains(item);
        if (container is DictViewValue { Kind: DictViewKind.Keys } keys) return keys.Dict.Contains(item);
        run.Charge(container.Weight);
        IEnumerable<Value> items = container.Items(run) ?? throw Errors.Runtime($"argument of type '{container.TypeName}' is not iterable");
        foreach (Value candidate in items)
            if (AreEqual(run, candidate, item)) return true;
        return false;
    }

    private static StrValue Concat(Run run, StrValue left, StrValue right)
    {
        bool markup = left.IsMarkup || right.IsMarkup;
        string first = markup && !left.IsMarkup ? Html.Escape(left.Content) : left.Content;
        string second = markup && !right.IsMarkup ? Html.Escape(right.Content) : right.Content;
        run.ChargeText((long)first.Length + second.Length);
        return new StrValue(first + second, markup);
    }

    private static SequenceValue Join(Run run, SequenceValue left, SequenceValue right)
    {
        run.Charge(left.Elements.Length + right.Elements.Length);
        return left.With([.. left.Elements, .. right.Elements]);
    }

    private static Value Repeat(Run run, Value value, IntValue times)
    {
        if (System.Numerics.BigInteger.Abs(times.Number) > long.MaxValue) throw Errors.Runtime("cannot fit 'int' into an index-sized integer");
        if (times.Number.Sign <= 0) return value is StrValue ? StrValue.Empty : ((SequenceValue)value).With([]);
        int count = times.Number > int.MaxValue ? int.MaxValue : (int)times.Number;
        if (value is StrValue text)
        {
            run.ChargeText((long)text.Content.Length * count);
            return text.Content.Length == 0 ? text : new StrValue(new System.Text.StringBuilder().Insert(0, text.Content, count).ToString(), text.IsMarkup);
        }
        var sequence = (SequenceValue)value;
        long total = (long)sequence.Elements.Length * count;
        Sequences.Check(total, 0);
        run.Charge(total);
        var items = new Value[total];
        for (int i = 0; i < items.Length; i++) items[i] = sequence.Elements[i % sequence.Elements.Length];
        return sequence.With(items);
    }

    private static TemplateException Refuse(string op, Value left, Value right)
    {
        RefuseUndefined(left, right);
        return Errors.Runtime(Unsupported(op, left, right));
    }

    private static string Unsupported(string op, Value left, Value right) => $"unsupported operand type(s) for {op}: '{left.TypeName}' and '{right.TypeName}'";

    private static void RefuseUndefined(Value left, Value right)
    {
        if ((left as UndefinedValue ?? right as UndefinedValue) is { } undefined) undefined.Fail<Value>();
    }
}
