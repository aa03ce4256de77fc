using System.Globalization;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>Rewrites an Oniguruma pattern as a .NET pattern over <see cref="UnitAlphabet"/> with the same matches.</summary>
/// <remarks>Every class becomes an explicit set of units and every letter under <c>(?i)</c> the set of its cases, so nothing is left to .NET's own idea of them.</remarks>
internal sealed class OnigurumaTranslator
{
    private static readonly string[] lookArounds = ["<=", "<!", "=", "!", ">"];
    private readonly string pattern;
    private readonly UnitAlphabet alphabet;
    private int at;
    private bool ignoreCase;

    private OnigurumaTranslator(string pattern, UnitAlphabet alphabet)
    {
        this.pattern = pattern;
        this.alphabet = alphabet;
    }

    /// <exception cref="NotSupportedException">The pattern uses something this dialect translation does not know; the message names it.</exception>
    public static string Translate(string pattern, UnitAlphabet alphabet)
    {
        var translator = new OnigurumaTranslator(pattern, alphabet);
        string translated = translator.Alternatives();
        return translator.at == pattern.Length ? translated : throw new NotSupportedException("an unmatched )");
    }

    private bool AtEnd => at >= pattern.Length;

    private string Alternatives()
    {
        bool outer = ignoreCase;
        var result = new StringBuilder(Sequence());
        while (!AtEnd && pattern[at] == '|')
        {
            at++;
            result.Append('|').Append(Sequence());
        }
        ignoreCase = outer;
        return result.ToString();
    }

    private string Sequence()
    {
        var result = new StringBuilder();
        while (!AtEnd && pattern[at] is not ('|' or ')')) result.Append(Quantified(Atom()));
        return result.ToString();
    }

    private string Quantified(string atom)
    {
        while (!AtEnd)
        {
            if (pattern[at] is '*' or '+' or '?')
            {
                string quantifier = pattern[at++].ToString();
                atom = Next('+') ? $"(?>{atom}{quantifier})" : Next('?') ? $"{atom}{quantifier}?" : atom + quantifier;
            }
            else if (pattern[at] == '{' && Interval() is { } interval)
            {
                // In this dialect {n,m}+ repeats the repetition; it is not possessive.
                atom = Next('?') ? $"{atom}{interval}?" : atom + interval;
            }
            else
            {
                break;
            }
            if (!AtEnd && pattern[at] is '*' or '+' or '?' or '{') atom = $"(?:{atom})";
        }
        return atom;
    }

    private string? Interval()
    {
        int close = pattern.IndexOf('}', at);
        if (close < 0) return null;
        string inside = pattern[(at + 1)..close];
        if (inside.Length == 0 || !inside.All(c => char.IsAsciiDigit(c) || c == ',') || inside.Count(c => c == ',') > 1 || inside == ",") return null;
        at = close + 1;
        return inside[0] == ',' ? "{0" + inside + "}" : "{" + inside + "}";
    }

    private bool Next(char expected)
    {
        if (AtEnd || pattern[at] != expected) return false;
        at++;
        return true;
    }

    private string Atom()
    {
        char c = pattern[at];
        switch (c)
        {
            case '(':
                return Group();
            case '[':
                return Cased(new BracketExpression(pattern, alphabet).Parse(ref at)).ToPattern();
            case '*' or '+' or '?':
                throw new NotSupportedException($"a {c} that repeats nothing");
            case '.':
                at++;
                return "[^\\n]";
            case '^':
                at++;
                return "(?m:^)";
            case '$':
                at++;
                return "(?m:$)";
            case '\\' when at + 1 < pattern.Length && pattern[at + 1] is 'A' or 'z' or 'Z':
                at += 2;
                return pattern[(at - 2)..at];
            case '\\' when at + 1 < pattern.Length && pattern[at + 1] is 'b' or 'B':
                at += 2;
                return WordBoundary(pattern[at - 1] == 'b');
            case '\\':
                return Cased(UnitEscape.Parse(pattern, alphabet, ref at)).ToPattern();
            default:
                at++;
                return Literal(c);
        }
    }

    private string Literal(char c)
    {
        if (c is >= '\uD800' and <= '\uF8FF')
        {
            var set = new UnitSet();
            at--;
            int codePoint = BracketExpression.CodePoint(pattern, ref at);
            alphabet.AddRange(set, codePoint, codePoint);
            return set.ToPattern();
        }
        return ignoreCase ? Cased(UnitSet.Of(c)).ToPattern() : Escape(c);
    }

    private static string Escape(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");

    private UnitSet Cased(UnitSet set) => ignoreCase ? set.IgnoringCase() : set;

    private static string WordBoundary(bool positive)
    {
        string word = UnitEscape.Word.ToPattern();
        return positive ? $"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))" : $"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))";
    }

    private string Group()
    {
        at++;
        string opening = "(?:";
        bool outer = ignoreCase;
        if (Next('?'))
        {
            string? look = lookArounds.FirstOrDefault(kind => string.CompareOrdinal(pattern, at, kind, 0, kind.Length) == 0);
            if (look is not null)
            {
                at += look.Length;
                opening = "(?" + look;
            }
            else if (ReadOptions())
            {
                // (?i) without a body holds until the end of the enclosing group, and takes the alternatives there with it: a(?i)b|c is a(?i:b|c).
                string rest = Alternatives();
                return $"(?:{rest})";
            }
        }
        string body = Alternatives();
        if (!Next(')')) throw new NotSupportedException("an unmatched (");
        ignoreCase = outer;
        return $"{opening}{body})";
    }

    /// <summary>Reads <c>i:</c>, <c>-i:</c>, <c>:</c> or <c>i)</c>; true for the last.</summary>
    private bool ReadOptions()
    {
        bool on = true;
        for (; !AtEnd; at++)
        {
            switch (pattern[at])
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    ignoreCase = on;
                    break;
                case ':':
                    at++;
                    return false;
                case ')':
                    at++;
                    return true;
                default:
                    throw new NotSupportedException($"the group (?{pattern[at]}");
            }
        }
        throw new NotSupportedException("an unmatched (");
    }
}
