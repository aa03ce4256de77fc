using System.Globalization;
using System.Numerics;
using Quire.Templates.Rendering;

namespace Quire.Templates.Python;

/// <summary>Reads integers and floats as Python's <c>int()</c> and <c>float()</c> do.</summary>
internal static class NumberText
{
    /// <summary>The integer in this text, or null. Base 0 takes it from the prefix.</summary>
    public static BigInteger? Integer(string text, int radix)
    {
        ReadOnlySpan<char> digits = PyChar.Trim(text, null, true, true);
        bool negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+')) digits = digits[1..];
        int prefix = digits.Length > 1 && digits[0] == '0' ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 } : 0;
        if (prefix != 0 && (radix == prefix || radix == 0))
        {
            radix = prefix;
            digits = digits[2..];
            if (digits.StartsWith('_')) digits = digits[1..];
        }
        else if (radix == 0)
        {
            radix = 10;
            if (digits.Length > 1 && digits[0] == '0' && digits.ContainsAnyExcept('0', '_')) return null;
        }
        return Digits(digits, radix) is { } value ? (negative ? -value : value) : null;
    }

    private static BigInteger? Digits(ReadOnlySpan<char> digits, int radix)
    {
        if (digits.Length is 0 or > Limits.IntegerDigits) return null;
        BigInteger value = BigInteger.Zero;
        bool afterDigit = false;
        foreach (char c in digits)
        {
            if (c == '_')
            {
                if (!afterDigit) return null;
                afterDigit = false;
                continue;
            }
            int digit = char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : (int)CharUnicodeInfo.GetDecimalDigitValue(c);
            if (digit < 0 || digit >= radix) return null;
            value = value * radix + digit;
            afterDigit = true;
        }
        return afterDigit ? value : null;
    }

    public static double? Float(string text)
    {
        string number = PyChar.Trim(text, null, true, true);
        string unsigned = number.TrimStart('+', '-').ToLowerInvariant();
        if (number.Length - unsigned.Length > 1) return null;
        double sign = number.StartsWith('-') ? -1 : 1;
        if (unsigned is "inf" or "infinity") return sign * double.PositiveInfinity;
        if (unsigned == "nan") return double.NaN;
        if (unsigned.Contains("__", StringComparison.Ordinal) || unsigned.StartsWith('_') || unsigned.EndsWith('_')) return null;
        return double.TryParse(number.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value)
            ? value : null;
    }
}
