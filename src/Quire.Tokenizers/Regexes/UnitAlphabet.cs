using System.Globalization;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>One UTF-16 unit per code point, so that a .NET regex counts and classifies what Oniguruma counts and classifies.</summary>
/// <remarks>
/// Code points of the basic plane stand for themselves. All others, and the private use area whose place they take, become U+E000 + category:
/// patterns ask for nothing about them but the category.
/// </remarks>
internal static class UnitAlphabet
{
    private const char FirstStandIn = '\uE000';
    private const char LastPrivateUse = '\uF8FF';
    private const int Categories = 30;

    public static char StandIn(UnicodeCategory category) => (char)(FirstStandIn + (int)category);

    /// <summary>The category of what a unit stands for; null for units that never occur.</summary>
    public static UnicodeCategory? CategoryOf(char unit) => unit switch
    {
        >= '\uD800' and <= '\uDFFF' => null,
        >= FirstStandIn and <= LastPrivateUse => unit - FirstStandIn < Categories ? (UnicodeCategory)(unit - FirstStandIn) : null,
        _ => CharUnicodeInfo.GetUnicodeCategory(unit),
    };

    /// <summary>True when every code point stands for itself.</summary>
    public static bool IsPlain(ReadOnlySpan<char> text) => !text.ContainsAnyInRange('\uD800', LastPrivateUse);

    /// <summary>The units of <paramref name="text"/> and, for each and the end, where its code point begins in <paramref name="text"/>.</summary>
    public static (char[] Units, int[] Positions) Map(ReadOnlySpan<char> text)
    {
        var units = new char[text.Length];
        var positions = new int[text.Length + 1];
        int count = 0;
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int consumed);
            positions[count] = i;
            units[count++] = rune.IsBmp && (char)rune.Value is < FirstStandIn or > LastPrivateUse && rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune));
            i += consumed;
        }
        positions[count] = text.Length;
        return (units[..count], positions);
    }
}
