namespace Quire.Tokenizers;

/// <summary>Parses <c>[...]</c>: ranges, escapes, nested sets and <c>&amp;&amp;</c>.</summary>
internal sealed class BracketExpression(string pattern, UnitAlphabet alphabet)
{
    /// <summary>Reads the expression at <paramref name="at"/>, which is at the opening bracket.</summary>
    public UnitSet Parse(ref int at)
    {
        at++;
        bool negated = at < pattern.Length && pattern[at] == '^';
        if (negated) at++;
        UnitSet? intersection = null;
        var set = new UnitSet();
        for (bool first = true; ; first = false)
        {
            if (at >= pattern.Length) throw new NotSupportedException("an unmatched [");
            if (pattern[at] == ']' && !first) break;
            if (pattern[at] == '&' && at + 1 < pattern.Length && pattern[at + 1] == '&')
            {
                at += 2;
                intersection = Intersect(intersection, set);
                set = new UnitSet();
                continue;
            }
            Item(set, ref at);
        }
        at++;
        set = Intersect(intersection, set);
        return negated ? set.Complement() : set;
    }

    private static UnitSet Intersect(UnitSet? left, UnitSet right)
    {
        if (left is not null) right.IntersectWith(left);
        return right;
    }

    private void Item(UnitSet set, ref int at)
    {
        if (pattern[at] == '[')
        {
            if (at + 1 < pattern.Length && pattern[at + 1] == ':')
            {
                set.UnionWith(Posix(ref at));
                return;
            }
            set.UnionWith(Parse(ref at));
            return;
        }
        (UnitSet item, int? first) = Single(ref at);
        if (first is not null && at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')
        {
            at++;
            if (Single(ref at).CodePoint is not { } last || last < first) throw new NotSupportedException("a range that ends in a class or runs backwards");
            alphabet.AddRange(set, first.Value, last);
            return;
        }
        set.UnionWith(item);
    }

    private UnitSet Posix(ref int at)
    {
        int close = pattern.IndexOf(":]", at, StringComparison.Ordinal);
        string name = close < 0 ? "" : pattern[(at + 2)..close];
        bool negated = name.StartsWith('^');
        UnitSet set = name.TrimStart('^') switch
        {
            "alpha" => UnitEscape.ByName("L"),
            "alnum" => UnitEscape.ByName("L").With(UnitEscape.ByName("N")),
            "digit" => UnitEscape.ByName("Digit"),
            "punct" => UnitEscape.ByName("P").With(UnitEscape.ByName("S")),
            "space" => UnitEscape.ByName("Space"),
            "word" => UnitEscape.Word,
            _ => throw new NotSupportedException($"[:{name}:]"),
        };
        at = close + 2;
        return negated ? set.Complement() : set;
    }

    private (UnitSet Set, int? CodePoint) Single(ref int at)
    {
        if (pattern[at] == '\\')
        {
            UnitSet escaped = UnitEscape.Parse(pattern, alphabet, ref at);
            return (escaped, escaped.Only);
        }
        int codePoint = CodePoint(pattern, ref at);
        var set = new UnitSet();
        alphabet.AddRange(set, codePoint, codePoint);
        return (set, codePoint);
    }

    /// <summary>Reads one character as it stands.</summary>
    public static int CodePoint(string pattern, ref int at)
    {
        System.Text.Rune.DecodeFromUtf16(pattern.AsSpan(at), out System.Text.Rune rune, out int consumed);
        at += consumed;
        return rune.Value;
    }
}
