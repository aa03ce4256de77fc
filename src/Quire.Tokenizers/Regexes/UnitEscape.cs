using System.Globalization;

namespace Quire.Tokenizers;

/// <summary>Backslash sequences that stand for a set of characters.</summary>
internal static class UnitEscape
{
    public static UnitSet Word { get; } = UnitSet.Where(unit =>
        UnitAlphabet.CategoryOf(unit) is { } category && category is
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or
            UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.ConnectorPunctuation
        || unit is >= '\u24B6' and <= '\u24E9');

    private static readonly UnitSet space = UnitSet.Where(unit => UnicodeClass.IsWhiteSpace(unit));
    private static readonly UnitSet digit = UnitSet.OfCategories(category => category == UnicodeCategory.DecimalDigitNumber);

    /// <summary>Reads the sequence at <paramref name="at"/>, which is at the backslash.</summary>
    public static UnitSet Parse(string pattern, UnitAlphabet alphabet, ref int at)
    {
        if (at + 1 >= pattern.Length) throw new NotSupportedException("a backslash at the end");
        char c = pattern[at + 1];
        at += 2;
        switch (c)
        {
            case 's': return space;
            case 'S': return space.Complement();
            case 'd': return digit;
            case 'D': return digit.Complement();
            case 'w': return Word;
            case 'W': return Word.Complement();
            case 'h': return UnitSet.Where(char.IsAsciiHexDigit);
            case 'H': return UnitSet.Where(char.IsAsciiHexDigit).Complement();
            case 'n': return UnitSet.Of('\n');
            case 'r': return UnitSet.Of('\r');
            case 't': return UnitSet.Of('\t');
            case 'f': return UnitSet.Of('\f');
            case 'v': return UnitSet.Of('\v');
            case 'a': return UnitSet.Of('\a');
            case 'e': return UnitSet.Of('\u001B');
            case 'p' or 'P': return Property(pattern, alphabet, ref at, c == 'P');
            case 'x': return UnitSet.Of(Hexadecimal(pattern, ref at));
            case 'u': return UnitSet.Of(Hexadecimal(pattern, ref at, 4));
            default:
                if (char.IsAsciiLetterOrDigit(c)) throw new NotSupportedException($"\\{c}");
                return UnitSet.Of(c);
        }
    }

    private static UnitSet Property(string pattern, UnitAlphabet alphabet, ref int at, bool negated)
    {
        int close = at < pattern.Length && pattern[at] == '{' ? pattern.IndexOf('}', at) : -1;
        if (close < 0) throw new NotSupportedException("\\p without {name}");
        string name = pattern[(at + 1)..close];
        at = close + 1;
        if (name.StartsWith('^'))
        {
            negated = !negated;
            name = name[1..];
        }
        UnitSet set = name == "Han" ? new UnitSet() : ByName(name);
        foreach ((int first, int last) in name == "Han" ? Script.Han : []) alphabet.AddRange(set, first, last);
        return negated ? set.Complement() : set;
    }

    /// <summary>A category, <c>L</c> or <c>Lu</c>, or one of the longer names.</summary>
    public static UnitSet ByName(string name)
    {
        if (name.Length is 1 or 2 && UnitSet.OfCategories(category => Short(category).StartsWith(name, StringComparison.Ordinal)) is var set && !set.IsEmpty) return set;
        return name switch
        {
            "Space" or "White_Space" => space,
            "Digit" => digit,
            "Word" => Word,
            "Letter" => ByName("L"),
            "Mark" => ByName("M"),
            "Number" => ByName("N"),
            "Punctuation" => ByName("P"),
            "Symbol" => ByName("S"),
            _ => throw new NotSupportedException($"\\p{{{name}}}"),
        };
    }

    private static string Short(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => "Lu",
        UnicodeCategory.LowercaseLetter => "Ll",
        UnicodeCategory.TitlecaseLetter => "Lt",
        UnicodeCategory.ModifierLetter => "Lm",
        UnicodeCategory.OtherLetter => "Lo",
        UnicodeCategory.NonSpacingMark => "Mn",
        UnicodeCategory.SpacingCombiningMark => "Mc",
        UnicodeCategory.EnclosingMark => "Me",
        UnicodeCategory.DecimalDigitNumber => "Nd",
        UnicodeCategory.LetterNumber => "Nl",
        UnicodeCategory.OtherNumber => "No",
        UnicodeCategory.SpaceSeparator => "Zs",
        UnicodeCategory.LineSeparator => "Zl",
        UnicodeCategory.ParagraphSeparator => "Zp",
        UnicodeCategory.Control => "Cc",
        UnicodeCategory.Format => "Cf",
        UnicodeCategory.Surrogate => "Cs",
        UnicodeCategory.PrivateUse => "Co",
        UnicodeCategory.ConnectorPunctuation => "Pc",
        UnicodeCategory.DashPunctuation => "Pd",
        UnicodeCategory.OpenPunctuation => "Ps",
        UnicodeCategory.ClosePunctuation => "Pe",
        UnicodeCategory.InitialQuotePunctuation => "Pi",
        UnicodeCategory.FinalQuotePunctuation => "Pf",
        UnicodeCategory.OtherPunctuation => "Po",
        UnicodeCategory.MathSymbol => "Sm",
        UnicodeCategory.CurrencySymbol => "Sc",
        UnicodeCategory.ModifierSymbol => "Sk",
        UnicodeCategory.OtherSymbol => "So",
        _ => "Cn",
    };

    private static char Hexadecimal(string pattern, ref int at, int length = 2)
    {
        bool braces = at < pattern.Length && pattern[at] == '{';
        int close = braces ? pattern.IndexOf('}', at) : Math.Min(pattern.Length, at + length);
        string digits = close < 0 ? "" : pattern[(braces ? at + 1 : at)..close];
        if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) || value is < 0 or >= 0xD800 and <= 0xF8FF or > 0xFFFF)
            throw new NotSupportedException($"the character \\x{{{digits}}}");
        at = braces ? close + 1 : close;
        return (char)value;
    }
}
