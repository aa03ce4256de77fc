using System.Globalization;
using System.Numerics;
using Quire.Templates.Library;
using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

internal sealed class NoneValue : Value
{
    private NoneValue() { }

    public static NoneValue Instance { get; } = new();

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;

    public override void Repr(ReprWriter writer) => writer.Raw("None");

    public override string Text(Run run) => "None";
}

/// <summary>int, float or bool: what arithmetic takes.</summary>
internal abstract class NumberValue : Value
{
    public abstract double AsDouble { get; }
}

/// <summary>Python's int: exact at any size the limits allow.</summary>
internal class IntValue : NumberValue
{
    private static readonly IntValue[] small = [.. Enumerable.Range(-16, 1041).Select(i => new IntValue(i))];

    protected IntValue(BigInteger number) => Number = number;

    public BigInteger Number { get; }

    public override string TypeName => "int";

    public override bool IsTrue => !Number.IsZero;

    public override double AsDouble => (double)Number;

    public static new IntValue Of(int value) => value is >= -16 and <= 1024 ? small[value + 16] : new IntValue(value);

    public static IntValue Of(BigInteger value)
    {
        if (value >= -16 && value <= 1024) return small[(int)value + 16];
        if (value.GetBitLength() > Limits.IntegerBits) throw Errors.TooMuch($"{Limits.IntegerBits} bits in an integer");
        return new IntValue(value);
    }

    public override void Repr(ReprWriter writer) => writer.Raw(Digits);

    public override string Text(Run run) => Digits;

    public string Digits => Number.GetBitLength() > Limits.IntegerDigits * 3 && Number.ToString(CultureInfo.InvariantCulture).Length > Limits.IntegerDigits
        ? throw Errors.Runtime($"Exceeds the limit ({Limits.IntegerDigits} digits) for integer string conversion")
        : Number.ToString(CultureInfo.InvariantCulture);

    public override Value? Attribute(string name) => NumberMethods.Find(this, name);

    public override bool Equals(object? obj) => obj is NumberValue other && Numbers.Compare(this, other) == 0;

    public override int GetHashCode() => Number >= long.MinValue && Number <= long.MaxValue ? ((long)Number).GetHashCode() : Number.GetHashCode();
}

internal sealed class BoolValue : IntValue
{
    private BoolValue(bool value) : base(value ? 1 : 0) => Value = value;

    public static BoolValue True { get; } = new(true);

    public static BoolValue False { get; } = new(false);

    public bool Value { get; }

    public override string TypeName => "bool";

    public override bool IsTrue => Value;

    public override void Repr(ReprWriter writer) => writer.Raw(Value ? "True" : "False");

    public override string Text(Run run) => Value ? "True" : "False";
}

internal sealed class FloatValue(double number) : NumberValue
{
    public double Number => number;

    public override string TypeName => "float";

    public override bool IsTrue => number != 0;

    public override double AsDouble => number;

    public override void Repr(ReprWriter writer) => writer.Raw(PyFloat.Repr(number));

    public override string Text(Run run) => PyFloat.Repr(number);

    public override Value? Attribute(string name) => NumberMethods.Find(this, name);

    public override bool Equals(object? obj) => obj is NumberValue other && Numbers.Compare(this, other) == 0;

    public override int GetHashCode() =>
        !double.IsInteger(number) ? number.GetHashCode() : Math.Abs(number) < 9.2e18 ? ((long)number).GetHashCode() : new BigInteger(number).GetHashCode();
}
