using System.Globalization;
using System.Numerics;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

/// <summary>Python's format specification: <c>[[fill]align][sign][#][0][width][,][.precision][type]</c>.</summary>
internal sealed class FormatSpec
{
    public string Fill { get; private set; } = " ";

    public char Align { get; private set; }

    public char Sign { get; private set; } = '-';

    public bool Alternate { get; private set; }

    public int Width { get; private set; }

    public char Grouping { get; private set; }

    public int? Precision { get; private set; }

    public char Type { get; private set; }

    public static FormatSpec Parse(string spec)
    {
        var result = new FormatSpec();
        int at = 0;
        int fill = spec.Length > 0 ? PyChar.Width(spec, 0) : 1;
        if (spec.Length > fill && spec[fill] is '<' or '>' or '=' or '^')
        {
            result.Fill = spec[..fill];
            result.Align = spec[fill];
            at = fill + 1;
        }
        else if (spec.Length > 0 && spec[0] is '<' or '>' or '=' or '^') result.Align = spec[at++];
        if (at < spec.Length && spec[at] is '+' or '-' or ' ') result.Sign = spec[at++];
        if (at < spec.Length && spec[at] == 'z') at++;
        if (at < spec.Length && spec[at] == '#')
        {
            result.Alternate = true;
            at++;
        }
        if (at < spec.Length && spec[at] == '0')
        {
            at++;
            if (result.Align == 0) (result.Fill, result.Align) = ("0", '=');
        }
        result.Width = Number(spec, ref at) ?? 0;
        if (at < spec.Length && spec[at] is ',' or '_') result.Grouping = spec[at++];
        if (at < spec.Length && spec[at] == '.')
        {
            at++;
            result.Precision = Number(spec, ref at) ?? throw Errors.Runtime("Format specifier missing precision");
        }
        if (at < spec.Length) result.Type = spec[at++];
        return at == spec.Length ? result : throw Errors.Runtime("Invalid format specifier");
    }

    private static int? Number(string spec, ref int at)
    {
        int start = at;
        long value = 0;
        for (; at < spec.Length && char.IsAsciiDigit(spec[at]); at++) value = Math.Min(int.MaxValue, value * 10 + spec[at] - '0');
        return at == start ? null : (int)value;
    }

    public string Apply(Run run, Value value)
    {
        switch (value)
        {
            case StrValue text: return Text(run, text.Content);
            case IntValue number when Type is not ('e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%'): return Integer(run, number);
            case NumberValue number: return Float(run, Numbers.ToDouble(number));
        }
        throw Errors.Runtime($"unsupported format string passed to {value.TypeName}.__format__");
    }

    private string Text(Run run, string text)
    {
        if (Type is not ((char)0 or 's')) throw Errors.Runtime($"Unknown format code '{Type}' for object of type 'str'");
        if (Align == '=' && Fill != "0") throw Errors.Runtime("'=' alignment not allowed in string format specifier");
        var value = new StrValue(text);
        if (Precision is { } precision && precision < value.Length) value = new StrValue(text[..value.Offset(precision)]);
        return Padding.Pad(run, value, Width, Fill, Align switch { '>' => Alignment.Right, '^' => Alignment.Middle, _ => Alignment.Left }).Content;
    }

    private string Integer(Run run, IntValue value)
    {
        if (Precision is not null) throw Errors.Runtime("Precision not allowed in integer format specifier");
        BigInteger number = BigInteger.Abs(value.Number);
        (string prefix, string digits) = Type switch
        {
            (char)0 or 'd' or 'n' => ("", IntValue.Of(number).Digits),
            'x' => ("0x", Radix(number, 16)),
            'X' => ("0X", Radix(number, 16).ToUpperInvariant()),
            'o' => ("0o", Radix(number, 8)),
            'b' => ("0b", Radix(number, 2)),
            'c' => ("", number < 0x110000 ? char.ConvertFromUtf32((int)number) : throw Errors.Runtime("%c arg not in range(0x110000)")),
            _ => throw Errors.Runtime($"Unknown format code '{Type}' for object of type '{value.TypeName}'"),
        };
        return Number(run, value.Number.Sign < 0, Alternate ? prefix : "", digits, "", Type is 'x' or 'X' or 'o' or 'b' ? 4 : 3);
    }

    public static string Radix(BigInteger number, int radix)
    {
        if (number.IsZero) return "0";
        int bits = radix == 16 ? 4 : radix == 8 ? 3 : 1;
        var digits = new List<char>();
        for (; !number.IsZero; number >>= bits) digits.Add("0123456789abcdef"[(int)(number & (radix - 1))]);
        digits.Reverse();
        return new string([.. digits]);
    }

    private string Float(Run run, double value)
    {
        int precision = Precision ?? 6;
        if (precision > 2000) throw Errors.TooMuch("2000 digits after the point");
        string digits = PyFloat.NonFinite(Math.Abs(value)) ?? Type switch
        {
            'f' or 'F' => PyFloat.Fixed(value, precision),
            '%' => PyFloat.Fixed(value * 100, precision),
            'e' or 'E' => Scientific(value, precision),
            'g' or 'G' or 'n' => General(value, precision, Alternate, keepPoint: false),
            (char)0 => Precision is { } p ? General(value, p, Alternate, keepPoint: true) : PyFloat.Repr(Math.Abs(value)),
            _ => throw Errors.Runtime($"Unknown format code '{Type}' for object of type 'float'"),
        };
        if (char.IsUpper(Type)) digits = digits.ToUpperInvariant();
        int end = 0;
        while (end < digits.Length && char.IsAsciiDigit(digits[end])) end++;
        return Number(run, double.IsNegative(value), "", digits[..end], digits[end..] + (Type == '%' ? "%" : ""), 3);
    }

    public static string Scientific(double value, int precision)
    {
        (string digits, int exponent) = PyFloat.Significant(value, precision + 1);
        return $"{digits[0]}{(precision > 0 ? "." + digits[1..] : "")}{Exponent(exponent)}";
    }

    public static string General(double value, int precision, bool keepZeros, bool keepPoint)
    {
        precision = Math.Max(1, precision);
        (string digits, int exponent) = PyFloat.Significant(value, precision);
        bool scientific = exponent < -4 || exponent >= (keepPoint ? Math.Max(1, precision - 1) : precision);
        int point = scientific ? 1 : exponent + 1;
        if (point <= 0)
        {
            digits = new string('0', 1 - point) + digits;
            point = 1;
        }
        string fraction = point < digits.Length ? digits[point..] : "";
        if (!keepZeros) fraction = fraction.TrimEnd('0');
        string text = digits[..point] + (fraction.Length > 0 ? "." + fraction : keepPoint && !scientific ? ".0" : "");
        return scientific ? text + Exponent(exponent) : text;
    }

    private static string Exponent(int exponent) => $"e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";

    /// <summary>Sign, prefix, grouped digits and the rest, filled up to the width.</summary>
    private string Number(Run run, bool negative, string prefix, string digits, string rest, int group)
    {
        string sign = negative ? "-" : Sign == '-' ? "" : Sign.ToString();
        run.ChargeText(Width);
        if (Align == '=' && Fill == "0" && Grouping != 0)
        {
            int room = Width - sign.Length - prefix.Length - rest.Length;
            while (digits.Length + (digits.Length - 1) / group < room) digits = "0" + digits;
        }
        if (Grouping != 0)
            for (int at = digits.Length - group; at > 0; at -= group) digits = digits.Insert(at, Grouping.ToString());
        string body = digits + rest;
        int missing = Width - sign.Length - prefix.Length - body.Length;
        if (missing <= 0) return sign + prefix + body;
        if (Align == '=') return sign + prefix + Padding.Repeat(Fill, missing) + body;
        return Padding.Pad(run, new StrValue(sign + prefix + body), Width, Fill, Align switch { '<' => Alignment.Left, '^' => Alignment.Middle, _ => Alignment.Right }).Content;
    }
}
