using System.Globalization;

namespace Quire.Tokenizers;

/// <summary>Reads a decimal number as the reference tokenizer's JSON parser does: digits as an integer, then one division or multiplication.</summary>
/// <remarks>That can be off in the last bit, and which of two equally probable cuts of a text wins depends on last bits.</remarks>
internal static class ReferenceDecimal
{
    public static double Parse(string text)
    {
        ulong digits = 0;
        int exponent = 0, at = text[0] == '-' ? 1 : 0;
        bool fraction = false, full = false;
        for (; at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'); at++)
        {
            if (text[at] == '.')
            {
                fraction = true;
                continue;
            }
            uint digit = (uint)(text[at] - '0');
            full |= digits > ulong.MaxValue / 10 || digits * 10 > ulong.MaxValue - digit;
            if (!full) digits = digits * 10 + digit;
            if (full && !fraction) exponent++;
            if (!full && fraction) exponent--;
        }
        // What has an exponent of its own is rare and read exactly.
        if (at < text.Length || exponent < -308 || exponent > 308) return double.Parse(text, CultureInfo.InvariantCulture);
        double value = digits;
        double power = double.Parse($"1e{Math.Abs(exponent)}", CultureInfo.InvariantCulture);
        value = exponent < 0 ? value / power : value * power;
        return text[0] == '-' ? -value : value;
    }
}
