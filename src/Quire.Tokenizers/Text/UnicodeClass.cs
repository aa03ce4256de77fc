using System.Globalization;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>Character classes as Unicode defines them, where .NET's own predicates differ.</summary>
internal static class UnicodeClass
{
    /// <summary>The property White_Space. Unlike <see cref="char.IsWhiteSpace(char)"/> in other languages' libraries, U+001C to U+001F are not in it.</summary>
    public static bool IsWhiteSpace(int c) => c switch
    {
        >= 0x09 and <= 0x0D or 0x20 or 0x85 or 0xA0 or 0x1680 => true,
        >= 0x2000 and <= 0x200A or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000 => true,
        _ => false,
    };

    /// <summary>Nd, Nl or No.</summary>
    public static bool IsNumeric(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>What <c>\w</c> matches outside Oniguruma (which adds other numbers and leaves out join controls): letters, marks, digits, letter numbers, connectors, join controls, circled letters.</summary>
    public static bool IsWord(int c) => IsWordCategory(CharUnicodeInfo.GetUnicodeCategory(c)) || c switch
    {
        0x200C or 0x200D => true,
        >= 0x24B6 and <= 0x24E9 => true,
        >= 0x1F130 and <= 0x1F149 or >= 0x1F150 and <= 0x1F169 or >= 0x1F170 and <= 0x1F189 => true,
        _ => false,
    };

    /// <summary>ASCII punctuation and symbols, and punctuation of any script.</summary>
    public static bool IsPunctuation(Rune rune) => rune.IsAscii ? rune.Value is > ' ' and < 0x7F && !char.IsAsciiLetterOrDigit((char)rune.Value) : Rune.IsPunctuation(rune);

    private static bool IsWordCategory(UnicodeCategory category) => category is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or
        UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.DecimalDigitNumber or
        UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
}
