using System.Buffers.Text;

namespace Quire.OpenAI;

/// <summary>Escapes such as <c>\ud83d</c> must come in pairs: half of one is no character, and no tokenizer takes it.</summary>
internal static class Surrogates
{
    /// <summary>Whether some string of the JSON text holds half a pair.</summary>
    public static bool HasHalf(ReadOnlySpan<byte> json)
    {
        int next;
        for (int i = 0; (next = json[i..].IndexOf((byte)'\\')) >= 0;)
        {
            i += next;
            uint unit = Unit(json[i..]);
            if (unit is < 0xD800 or > 0xDFFF)
            {
                // Any other escape is two bytes at least; its rest holds no backslash that begins one.
                i = Math.Min(json.Length, i + 2);
                continue;
            }
            if (unit >= 0xDC00 || json.Length < i + 12 || Unit(json[(i + 6)..]) is < 0xDC00 or > 0xDFFF) return true;
            i += 12;
        }
        return false;
    }

    // The unit that an escape \uXXXX at the start of the text stands for, or 0.
    private static uint Unit(ReadOnlySpan<byte> text) =>
        text.Length >= 6 && text[0] == '\\' && text[1] == 'u' && Utf8Parser.TryParse(text.Slice(2, 4), out uint unit, out int read, 'x') && read == 4 ? unit : 0;
}
