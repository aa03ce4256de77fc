using System.Globalization;
using System.Text;

namespace Quire.Templates.Syntax;

/// <summary>Python's backslash escapes in string literals.</summary>
internal static class Escapes
{
    /// <summary>The literal's value, or null where an escape is malformed.</summary>
    public static string? Decode(ReadOnlySpan<char> literal)
    {
        if (!literal.Contains('\\')) return literal.ToString();
        var text = new StringBuilder(literal.Length);
        for (int i = 0; i < literal.Length; i++)
        {
            if (literal[i] != '\\' || i + 1 >= literal.Length)
            {
                text.Append(literal[i]);
                continue;
            }
            char c = literal[++i];
            if (c is 'x' or 'u' or 'U')
            {
                int digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
                if (i + digits >= literal.Length || !int.TryParse(literal.Slice(i + 1, digits), NumberStyles.AllowHexSpecifier, null, out int code) || code is < 0 or > 0x10FFFF) return null;
                Append(text, code);
                i += digits;
            }
            else if (c is >= '0' and <= '7')
            {
                int code = 0;
                int end = Math.Min(i + 3, literal.Length);
                for (; i < end && literal[i] is >= '0' and <= '7'; i++) code = code * 8 + (literal[i] - '0');
                text.Append((char)code);
                i--;
            }
            // Names of characters need a table of 30000 of them; no chat template uses one.
            else if (c == 'N') return null;
            else Simple(text, c);
        }
        return text.ToString();
    }

    private static void Simple(StringBuilder text, char c)
    {
        switch (c)
        {
            case '\n': break;
            case '\\' or '\'' or '"': text.Append(c); break;
            case 'n': text.Append('\n'); break;
            case 't': text.Append('\t'); break;
            case 'r': text.Append('\r'); break;
            case 'a': text.Append('\a'); break;
            case 'b': text.Append('\b'); break;
            case 'f': text.Append('\f'); break;
            case 'v': text.Append('\v'); break;
            default: text.Append('\\').Append(c); break;
        }
    }

    private static void Append(StringBuilder text, int code)
    {
        if (code > 0xFFFF) text.Append(char.ConvertFromUtf32(code));
        else text.Append((char)code);
    }
}
