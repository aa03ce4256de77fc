using System.Numerics;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>Python's arithmetic over int, bool and float.</summary>
internal static class Numbers
{
    /// <summary>-1, 0 or 1; null where one side is not a number (NaN). Int and float are compared exactly.</summary>
    public static int? Compare(NumberValue left, NumberValue right)
    {
        if (left is IntValue a && right is IntValue b) return a.Number.CompareTo(b.Number);
        if (left is FloatValue f && right is FloatValue g)
            return double.IsNaN(f.Number) || double.IsNaN(g.Number) ? null : f.Number.CompareTo(g.Number);
        return left is FloatValue h ? -Compare(((IntValue)right).Number, h.Number) : Compare(((IntValue)left).Number, ((FloatValue)right).Number);
    }

    private static int? Compare(BigInteger left, double right)
    {
        if (double.IsNaN(right)) return null;
        if (double.IsInfinity(right)) return right > 0 ? -1 : 1;
        double floor = Math.Floor(right);
        int order = left.CompareTo(new BigInteger(floor));
        return order != 0 ? order : right > floor ? -1 : 0;
    }

    public static Value Add(NumberValue left, NumberValue right) =>
        left is IntValue a && right is IntValue b ? IntValue.Of(a.Number + b.Number) : new FloatValue(ToDouble(left) + ToDouble(right));

    public static Value Subtract(NumberValue left, NumberValue right) =>
        left is IntValue a && right is IntValue b ? IntValue.Of(a.Number - b.Number) : new FloatValue(ToDouble(left) - ToDouble(right));

    public static Value Multiply(NumberValue left, NumberValue right) =>
        left is IntValue a && right is IntValue b ? IntValue.Of(a.Number * b.Number) : new FloatValue(ToDouble(left) * ToDouble(right));

    public static Value Divide(NumberValue left, NumberValue right)
    {
        if (!right.IsTrue) throw Errors.Runtime(left is FloatValue || right is FloatValue ? "float division by zero" : "division by zero");
        if (left is IntValue a && right is IntValue b && (double.IsInfinity(a.AsDouble) || double.IsInfinity(b.AsDouble)))
        {
            // Too large for doubles on their own; their quotient may not be.
            int shift = (int)Math.Max(0, Math.Max(a.Number.GetBitLength(), b.Number.GetBitLength()) - 1000);
            double quotient = (double)(a.Number >> shift) / (double)(b.Number >> shift);
            return double.IsFinite(quotient) ? new FloatValue(quotient) : throw Errors.Runtime("integer division result too large for a float");
        }
        return new FloatValue(ToDouble(left) / ToDouble(right));
    }

    public static Value FloorDivide(NumberValue left, NumberValue right)
    {
        if (left is IntValue a && right is IntValue b)
        {
            if (b.Number.IsZero) throw Errors.Runtime("integer division or modulo by zero");
            BigInteger quotient = BigInteger.DivRem(a.Number, b.Number, out BigInteger rest);
            return IntValue.Of(!rest.IsZero && rest.Sign != b.Number.Sign ? quotient - 1 : quotient);
        }
        double divisor = ToDouble(right);
        double dividend = ToDouble(left);
        if (divisor == 0) throw Errors.Runtime("float floor division by zero");
        double remainder = FloatModulo(dividend, divisor);
        double result = (dividend - remainder) / divisor;
        double floor = Math.Floor(result);
        return new FloatValue(result - floor > 0.5 ? floor + 1 : result == 0 ? Math.CopySign(0, dividend / divisor) : floor);
    }

    public static Value Modulo(NumberValue left, NumberValue right)
    {
        if (left is IntValue a && right is IntValue b)
        {
            if (b.Number.IsZero) throw Errors.Runtime("integer modulo by zero");
            BigInteger rest = BigInteger.Remainder(a.Number, b.Number);
            return IntValue.Of(!rest.IsZero && rest.Sign != b.Number.Sign ? rest + b.Number : rest);
        }
        if (ToDouble(right) == 0) throw Errors.Runtime("float modulo");
        return new FloatValue(FloatModulo(ToDouble(left), ToDouble(right)));
    }

    private static double FloatModulo(double dividend, double divisor)
    {
        double rest = dividend % divisor;
        if (rest == 0) return Math.CopySign(0, divisor);
        return rest < 0 != divisor < 0 ? rest + divisor : rest;
    }

    public static Value Power(NumberValue left, NumberValue right)
    {
        if (left is IntValue a && right is IntValue { Number.Sign: >= 0 } b)
        {
            if (a.Number.IsZero || a.Number.IsOne) return b.Number.IsZero ? IntValue.Of(1) : IntValue.Of(a.Number);
            if (a.Number == BigInteger.MinusOne) return IntValue.Of(b.Number.IsEven ? 1 : -1);
            // The result has about this many bits; ask before the work, not after.
            if (b.Number > Limits.IntegerBits || a.Number.GetBitLength() * (long)b.Number > 2 * Limits.IntegerBits) throw Errors.TooMuch($"{Limits.IntegerBits} bits in an integer");
            return IntValue.Of(BigInteger.Pow(a.Number, (int)b.Number));
        }
        double bottom = ToDouble(left);
        double top = ToDouble(right);
        if (bottom == 0 && top < 0) throw Errors.Runtime("0.0 cannot be raised to a negative power");
        if (bottom < 0 && !double.IsInteger(top)) throw Errors.Runtime("complex numbers are not supported");
        double power = Math.Pow(bottom, top);
        return double.IsInfinity(power) && double.IsFinite(bottom) && double.IsFinite(top) ? throw Errors.Runtime("Numerical result out of range") : new FloatValue(power);
    }

    public static double ToDouble(NumberValue number)
    {
        double value = number.AsDouble;
        return number is IntValue && double.IsInfinity(value) ? throw Errors.Runtime("int too large to convert to float") : value;
    }
}
