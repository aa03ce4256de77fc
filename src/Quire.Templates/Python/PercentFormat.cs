using System.Numerics;
using System.Text;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

/// <summary>The <c>%</c> operator of str.</summary>
internal sealed class PercentFormat(Run run, string format, Value arguments, bool escapes)
{
    private readonly Value[] items = arguments is TupleValue tuple ? tuple.Elements : [arguments];
    private int next;
    private int at;

    public static Value Apply(Run run, StrValue format, Value arguments) => new StrValue(new PercentFormat(run, format.Content, arguments, format.IsMarkup).Expand(), format.IsMarkup);

    private string Expand()
    {
        run.ChargeText(format.Length);
        var result = new StringBuilder();
        for (at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                result.Append(format[at]);
                continue;
            }
            string piece = Field();
            run.ChargeText(piece.Length);
            if (result.Append(piece).Length > Limits.StringLength) throw Errors.TooMuch($"{Limits.StringLength} characters in one text");
        }
        bool consumed = next >= items.Length || arguments is DictValue || (next == 0 && arguments is not (TupleValue or StrValue or NumberValue or NoneValue));
        return consumed ? result.ToString() : throw Errors.Runtime("not all arguments converted during string formatting");
    }

    private char Peek() => at < format.Length ? format[at] : throw Errors.Runtime("incomplete format");

    private string Field()
    {
        at++;
        Value? keyed = null;
        if (Peek() == '(')
        {
            int close = format.IndexOf(')', at);
            if (close < 0) throw Errors.Runtime("incomplete format key");
            if (arguments is not DictValue dict) throw Errors.Runtime("format requires a mapping");
            string key = format[(at + 1)..close];
            keyed = dict.Get(key) ?? throw Errors.Runtime($"KeyError: {PyRepr.Of(key)}");
            at = close + 1;
        }
        string flags = "";
        while (Peek() is '-' or '+' or ' ' or '#' or '0') flags += format[at++];
        int width = Number(0);
        if (width < 0) flags += "-";
        int? precision = null;
        if (Peek() == '.')
        {
            at++;
            precision = Math.Max(0, Number(0));
        }
        while (Peek() is 'l' or 'h' or 'L') at++;
        char type = format[at];
        if (type == '%') return "%";
        string text = Convert(type, flags, precision, keyed ?? Next());
        return Fill(text, Math.Abs(width), flags, isNumber: type is not ('s' or 'r' or 'a' or 'c'));
    }

    private int Number(int absent)
    {
        if (Peek() == '*')
        {
            at++;
            return Next() is IntValue number && BigInteger.Abs(number.Number) <= int.MaxValue ? (int)number.Number : throw Errors.Runtime("* wants int");
        }
        long value = 0;
        int start = at;
        for (; char.IsAsciiDigit(Peek()); at++) value = value * 10 + format[at] - '0' is var v && v <= int.MaxValue ? v : throw Errors.Runtime("width too big");
        return at == start ? absent : (int)value;
    }

    private Value Next() => next < items.Length ? items[next++] : throw Errors.Runtime("not enough arguments for format string");

    private string Convert(char type, string flags, int? precision, Value value)
    {
        switch (type)
        {
            case 's': return Cut(Html.Text(run, value, escapes), precision);
            case 'r' or 'a': return Cut(escapes ? Html.Escape(PyRepr.Of(run, value)) : PyRepr.Of(run, value), precision);
            case 'c':
                if (value is StrValue { Length: 1 } one) return one.Content;
                return value is IntValue { Number: var code } && code >= 0 && code < 0x110000 && !(code >= 0xD800 && code < 0xE000) ? char.ConvertFromUtf32((int)code) : throw Errors.Runtime("%c requires int or char");
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o': return Sign(Integer(type, flags, precision, value), flags);
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G': return Sign(Float(type, flags, precision ?? 6, value), flags);
        }
        throw Errors.Runtime($"unsupported format character '{type}'");
    }

    private static string Cut(string text, int? precision) => precision is { } p && new StrValue(text) is var value && value.Length > p ? text[..value.Offset(p)] : text;

    private string Integer(char type, string flags, int? precision, Value value)
    {
        if (value is UndefinedValue undefined) undefined.Fail<Value>();
        BigInteger number = value switch
        {
            IntValue integer => integer.Number,
            FloatValue { Number: var real } when type is 'd' or 'i' or 'u' && double.IsFinite(real) => new BigInteger(real),
            _ => throw Errors.Runtime($"%{type} format: {(type is 'd' or 'i' or 'u' ? "a real number" : "an integer")} is required, not {value.TypeName}"),
        };
        BigInteger magnitude = BigInteger.Abs(number);
        string digits = type switch
        {
            'x' => FormatSpec.Radix(magnitude, 16),
            'X' => FormatSpec.Radix(magnitude, 16).ToUpperInvariant(),
            'o' => FormatSpec.Radix(magnitude, 8),
            _ => IntValue.Of(magnitude).Digits,
        };
        if (precision is { } least)
        {
            run.ChargeText(least);
            digits = digits.PadLeft(least, '0');
        }
        if (flags.Contains('#')) digits = type switch { 'x' => "0x", 'X' => "0X", 'o' => "0o", _ => "" } + digits;
        return (number.Sign < 0 ? "-" : "") + digits;
    }

    private static string Float(char type, string flags, int precision, Value value)
    {
        if (value is UndefinedValue undefined) undefined.Fail<Value>();
        if (value is not NumberValue number) throw Errors.Runtime($"must be real number, not {value.TypeName}");
        if (precision > 2000) throw Errors.TooMuch("2000 digits after the point");
        double real = Numbers.ToDouble(number);
        string digits = PyFloat.NonFinite(Math.Abs(real)) ?? char.ToLowerInvariant(type) switch
        {
            'f' => PyFloat.Fixed(real, precision),
            'e' => FormatSpec.Scientific(real, precision),
            _ => FormatSpec.General(real, precision, flags.Contains('#'), keepPoint: false),
        };
        return (double.IsNegative(real) ? "-" : "") + (char.IsUpper(type) ? digits.ToUpperInvariant() : digits);
    }

    private static string Sign(string number, string flags) =>
        number.StartsWith('-') ? number : flags.Contains('+') ? "+" + number : flags.Contains(' ') ? " " + number : number;

    private string Fill(string text, int width, string flags, bool isNumber)
    {
        var value = new StrValue(text);
        if (flags.Contains('-')) return Padding.Pad(run, value, width, " ", Alignment.Left).Content;
        return (isNumber && flags.Contains('0') ? Padding.ZeroFill(run, value, width) : Padding.Pad(run, value, width, " ", Alignment.Right)).Content;
    }
}
