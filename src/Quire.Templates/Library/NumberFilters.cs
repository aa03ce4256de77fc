using System.Globalization;
using System.Numerics;
using Quire.Templates.Python;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Library;

/// <summary>Filters that make or change numbers.</summary>
internal static class NumberFilters
{
    public static void Register(FilterTable table)
    {
        table.Add("int", "default=, base=", (_, value, a) => ToInt(value, a[0] ?? Value.Of(0), StringMethods.Count(a[1], 10)));
        table.Add("float", "default=", (_, value, a) => ToFloat(value) is { } number ? Value.Of(number) : a[0] ?? Value.Of(0.0));
        table.Add("abs", "", (_, value, _) => value switch
        {
            IntValue i => IntValue.Of(BigInteger.Abs(i.Number)),
            FloatValue f => Value.Of(Math.Abs(f.Number)),
            _ => throw Errors.Runtime($"bad operand type for abs(): '{value.TypeName}'"),
        });
        table.Add("round", "precision=, method=", Round);
        table.Add("filesizeformat", "binary=", (_, value, a) => Value.Of(FileSize(ToFloat(value) ?? throw Errors.Runtime("could not convert to float"), a[0]?.IsTrue ?? false)));
    }

    private static Value ToInt(Value value, Value fallback, int radix)
    {
        if (value is UndefinedValue undefined) undefined.Fail<Value>();
        if (value is StrValue text && radix is 0 or (>= 2 and <= 36) && NumberText.Integer(text.Content, radix) is { } number) return IntValue.Of(number);
        if (value is IntValue integer) return IntValue.Of(integer.Number);
        if (value is FloatValue { Number: var infinite } && double.IsInfinity(infinite)) throw Errors.Runtime("cannot convert float infinity to integer");
        return ToFloat(value) is { } real && double.IsFinite(real) ? IntValue.Of(new BigInteger(real)) : fallback;
    }

    private static double? ToFloat(Value value) => value switch
    {
        NumberValue number => Numbers.ToDouble(number),
        StrValue text => NumberText.Float(text.Content),
        UndefinedValue undefined => undefined.Fail<double?>(),
        _ => null,
    };

    private static Value Round(Run run, Value value, Value?[] a)
    {
        int precision = StringMethods.Count(a[0], 0);
        string method = a[1] is null ? "common" : StringMethods.Text(a[1]);
        if (method is not ("common" or "ceil" or "floor")) throw Errors.Runtime("method must be common, ceil or floor");
        if (value is not NumberValue number) throw Errors.Runtime($"type {value.TypeName} doesn't define __round__ method");
        if (method == "common") return number is IntValue i ? RoundInt(i.Number, precision) : Value.Of(RoundFloat(((FloatValue)number).Number, precision));
        Value power = Numbers.Power(IntValue.Of(10), IntValue.Of(precision));
        double scaled = Numbers.ToDouble((NumberValue)Operators.Multiply(run, value, power));
        double whole = method == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled);
        if (!double.IsFinite(whole)) throw Errors.Runtime("cannot convert float infinity to integer");
        return Operators.Divide(IntValue.Of(new BigInteger(whole)), power);
    }

    private static IntValue RoundInt(BigInteger value, int precision)
    {
        if (precision >= 0) return IntValue.Of(value);
        if (-precision > Limits.IntegerDigits) return IntValue.Of(0);
        BigInteger unit = BigInteger.Pow(10, -precision);
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(value), unit, out BigInteger rest);
        int half = (rest * 2).CompareTo(unit);
        if (half > 0 || (half == 0 && !quotient.IsEven)) quotient++;
        return IntValue.Of(quotient * unit * value.Sign);
    }

    /// <summary>The double nearest to the decimal rounding of the exact value, as Python's <c>round</c>.</summary>
    private static double RoundFloat(double value, int precision)
    {
        if (!double.IsFinite(value) || precision > 330) return value;
        if (precision < -330) return Math.CopySign(0, value);
        string digits = PyFloat.Scaled(value, precision).ToString(CultureInfo.InvariantCulture);
        double rounded = double.Parse($"{digits}e{-precision}", CultureInfo.InvariantCulture);
        return Math.CopySign(rounded, value);
    }

    private static string FileSize(double bytes, bool binary)
    {
        double unit = binary ? 1024 : 1000;
        if (bytes == 1) return "1 Byte";
        if (bytes < unit) return $"{new BigInteger(bytes)} Bytes";
        string[] prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
        int step = 0;
        while (step < prefixes.Length - 1 && bytes >= Math.Pow(unit, step + 2)) step++;
        string size = PyFloat.Fixed(unit * bytes / Math.Pow(unit, step + 2), 1);
        return $"{size} {(binary ? prefixes[step].ToUpperInvariant() + "i" : prefixes[step])}B";
    }
}
