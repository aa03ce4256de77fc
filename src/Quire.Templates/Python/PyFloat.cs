using System.Globalization;
using System.Numerics;

namespace Quire.Templates.Python;

/// <summary>Python's decimal views of a double: the shortest repr, and correctly rounded fixed and scientific digits.</summary>
internal static class PyFloat
{
    /// <summary>The shortest text that reads back as the same double, laid out as Python does: 1.0, 1e+16, 1e-07, inf, nan.</summary>
    public static string Repr(double value)
    {
        if (NonFinite(value) is { } name) return name;
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";
        string round = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        (string digits, int exponent) = Split(round);
        string text = exponent is < -4 or >= 16 ? Scientific(digits, exponent) : Positional(digits, exponent);
        return value < 0 ? "-" + text : text;
    }

    public static string? NonFinite(double value) =>
        double.IsNaN(value) ? "nan" : double.IsPositiveInfinity(value) ? "inf" : double.IsNegativeInfinity(value) ? "-inf" : null;

    /// <summary>Significant digits without zeros at either end, and the decimal exponent of the first.</summary>
    private static (string Digits, int Exponent) Split(string round)
    {
        int e = round.IndexOf('E', StringComparison.Ordinal);
        int exponent = e < 0 ? 0 : int.Parse(round.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = e < 0 ? round : round[..e];
        int dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        int whole = dot < 0 ? mantissa.Length : dot;
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        int leading = 0;
        while (digits[leading] == '0') leading++;
        return (digits[leading..].TrimEnd('0'), exponent + whole - 1 - leading);
    }

    private static string Scientific(string digits, int exponent) =>
        $"{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";

    private static string Positional(string digits, int exponent)
    {
        if (exponent < 0) return "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1 ? digits.PadRight(exponent + 1, '0') + ".0" : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>|value| * 10^places, exactly, rounded half to even.</summary>
    public static BigInteger Scaled(double value, int places)
    {
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(value));
        int biased = (int)(bits >> 52);
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFFL) | (biased == 0 ? 0 : 1L << 52);
        int power = Math.Max(biased, 1) - 1075;
        BigInteger numerator = mantissa;
        BigInteger denominator = BigInteger.One;
        if (power > 0) numerator <<= power;
        else denominator <<= -power;
        if (places > 0) numerator *= BigInteger.Pow(10, places);
        else denominator *= BigInteger.Pow(10, -places);
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        int half = (rest * 2).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    /// <summary>|value| with this many digits after the point.</summary>
    public static string Fixed(double value, int places)
    {
        string digits = Scaled(value, places).ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
        return places == 0 ? digits : digits[..^places] + "." + digits[^places..];
    }

    /// <summary>The first <paramref name="count"/> significant digits of |value|, and the exponent of the first.</summary>
    public static (string Digits, int Exponent) Significant(double value, int count)
    {
        if (value == 0) return (new string('0', count), 0);
        int exponent = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        while (true)
        {
            string digits = Scaled(value, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);
            if (digits.Length == count) return (digits, exponent);
            exponent += digits.Length - count;
        }
    }
}
