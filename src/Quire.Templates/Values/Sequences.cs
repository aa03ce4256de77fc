using System.Numerics;
using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>A list or a tuple.</summary>
internal abstract class SequenceValue : Value
{
    protected SequenceValue(Value[] items)
    {
        Elements = items;
        Weight = 1;
        foreach (Value item in items)
        {
            Weight += item.Weight;
            Depth = Math.Max(Depth, item.Depth);
        }
        Depth++;
        Sequences.Check(Weight, Depth);
    }

    public Value[] Elements { get; }

    public override long Weight { get; }

    public override int Depth { get; }

    public override bool IsTrue => Elements.Length > 0;

    public override int? Length => Elements.Length;

    public override IEnumerable<Value> Items(Run run) => Elements;

    public override Value? Item(Value key) => key is IntValue index && Sequences.Index(index, Elements.Length) is { } at ? Elements[at] : null;

    public abstract SequenceValue With(Value[] items);

    public abstract override int GetHashCode();

    public override bool Equals(object? obj)
    {
        if (ReferenceEquals(this, obj)) return true;
        if (obj is not SequenceValue other || other is ListValue != this is ListValue) return false;
        Run.EnsureStack();
        return Elements.AsSpan().SequenceEqual(other.Elements);
    }
}

internal sealed class ListValue(Value[] items) : SequenceValue(items)
{
    private static readonly string[] mutators = ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"];

    public static ListValue Of(IEnumerable<Value> items) => new([.. items]);

    public override string TypeName => "list";

    public override bool IsHashable => false;

    public override SequenceValue With(Value[] items) => new ListValue(items);

    public override void Repr(ReprWriter writer) => writer.Items("[", Elements, "]");

    public override Value? Attribute(string name) => Library.CollectionMethods.Find(this, name);

    public override bool IsWithheld(string name) => mutators.Contains(name);

    public override bool Equals(object? obj) => base.Equals(obj);

    public override int GetHashCode() => throw Errors.Runtime("unhashable type: 'list'");
}

internal class TupleValue(params Value[] items) : SequenceValue(items)
{
    private int hash;

    public override string TypeName => "tuple";

    public override bool IsHashable => Elements.All(item => item.IsHashable);

    public override SequenceValue With(Value[] items) => new TupleValue(items);

    public override void Repr(ReprWriter writer) => writer.Items("(", Elements, Elements.Length == 1 ? ",)" : ")");

    public override Value? Attribute(string name) => Library.CollectionMethods.Find(this, name);

    public override bool Equals(object? obj) => base.Equals(obj);

    public override int GetHashCode()
    {
        if (hash != 0) return hash;
        Run.EnsureStack();
        HashCode code = default;
        foreach (Value item in Elements) code.Add(item.GetHashCode());
        return hash = code.ToHashCode() | 1;
    }
}

internal sealed class RangeValue(BigInteger start, BigInteger step, int count) : Value
{
    public override string TypeName => "range";

    public override bool IsTrue => count > 0;

    public override int? Length => count;

    public override long Weight => count;

    public override IEnumerable<Value> Items(Run run)
    {
        for (int i = 0; i < count; i++) yield return IntValue.Of(start + step * i);
    }

    public override Value? Item(Value key) => key is IntValue index && Sequences.Index(index, count) is { } at ? IntValue.Of(start + step * at) : null;

    public override void Repr(ReprWriter writer) => writer.Raw(step.IsOne ? $"range({start}, {Stop})" : $"range({start}, {Stop}, {step})");

    // As long as the items agree, Python ranges are equal; where a range stops short is not seen.
    private BigInteger Stop { get; init; }

    public static RangeValue Of(BigInteger start, BigInteger stop, BigInteger step)
    {
        if (step.IsZero) throw Errors.Runtime("range() arg 3 must not be zero");
        BigInteger count = step.Sign > 0 ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step;
        if (count > Limits.Range) throw Errors.Runtime($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({Limits.Range}).");
        return new RangeValue(start, step, (int)BigInteger.Max(0, count)) { Stop = stop };
    }

    public RangeValue Slice(int from, int by, int number) => new(start + step * from, step * by, number) { Stop = start + step * from + step * by * number };

    public override bool Equals(object? obj) => obj is RangeValue other && other.Length == count && (count == 0 || (other.Start == start && (count == 1 || other.Step == step)));

    public override int GetHashCode() => HashCode.Combine(count, start);

    private BigInteger Start => start;

    private BigInteger Step => step;
}

/// <summary>Python's rules of indices and slices.</summary>
internal static class Sequences
{
    public static void Check(long weight, int depth)
    {
        if (weight > Limits.ValueWeight) throw Errors.TooMuch($"{Limits.ValueWeight} values in one list or dict");
        if (depth > Limits.ValueDepth) throw Errors.Recursion();
    }

    /// <summary>The place of an index that may count from the end; null where there is none.</summary>
    public static int? Index(IntValue index, int length)
    {
        BigInteger at = index.Number.Sign < 0 ? index.Number + length : index.Number;
        return at.Sign >= 0 && at < length ? (int)at : null;
    }

    /// <summary><c>value[start:stop:step]</c>.</summary>
    public static Value Slice(Run run, Value value, Value start, Value stop, Value step)
    {
        if (value.IsUndefined) return ((UndefinedValue)value).Fail<Value>();
        if (value is not (StrValue or SequenceValue or RangeValue))
            throw Errors.Runtime(value is DictValue ? "unhashable type: 'slice'" : $"'{value.TypeName}' object is not subscriptable");
        int length = value.Length!.Value;
        (int from, int by, int count) = Bounds(start, stop, step, length);
        run.Charge(count);
        if (value is RangeValue range) return range.Slice(from, by, count);
        if (value is SequenceValue sequence)
        {
            if (by == 1) return sequence.With(sequence.Elements.AsSpan(from, count).ToArray());
            var items = new Value[count];
            for (int i = 0; i < count; i++) items[i] = sequence.Elements[from + i * by];
            return sequence.With(items);
        }
        return Slice(run, (StrValue)value, from, by, count);
    }

    private static StrValue Slice(Run run, StrValue text, int from, int by, int count)
    {
        run.ChargeText(text.Content.Length);
        if (count == 0) return StrValue.Empty;
        if (by == 1)
        {
            int offset = text.Offset(from);
            return new StrValue(text.Content[offset..text.Offset(from + count)], text.IsMarkup);
        }
        Value[] characters = [.. text.Items(run)];
        run.Charge(characters.Length);
        return new StrValue(string.Concat(Enumerable.Range(0, count).Select(i => ((StrValue)characters[from + i * by]).Content)), text.IsMarkup);
    }

    private static (int From, int Step, int Count) Bounds(Value start, Value stop, Value step, int length)
    {
        BigInteger by = Number(step) ?? 1;
        if (by.IsZero) throw Errors.Runtime("slice step cannot be zero");
        bool forward = by.Sign > 0;
        int low = forward ? 0 : -1;
        int high = forward ? length : length - 1;
        int Clamp(BigInteger? bound, int absent)
        {
            if (bound is not { } at) return absent;
            if (at.Sign < 0) at += length;
            return (int)BigInteger.Max(low, BigInteger.Min(high, at));
        }
        int from = Clamp(Number(start), forward ? low : high);
        int to = Clamp(Number(stop), forward ? high : low);
        int stride = (int)BigInteger.Max(-int.MaxValue, BigInteger.Min(int.MaxValue, by));
        long count = forward ? ((long)to - from + stride - 1) / stride : ((long)from - to - stride - 1) / -(long)stride;
        return count <= 0 ? (0, 1, 0) : (from, count == 1 ? 1 : stride, (int)count);
    }

    private static BigInteger? Number(Value bound) => bound switch
    {
        IntValue number => number.Number,
        NoneValue => null,
        _ => throw Errors.Runtime("slice indices must be integers or None or have an __index__ method"),
    };
}
