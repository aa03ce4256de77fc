namespace Quire.Tokenizers;

/// <summary>Parses <c>[...]</c>: ranges, escapes, nested sets and <c>&amp;&amp;</c>.</summary>
internal sealed class BracketExpression(string pattern)
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
        UnitSet item = Single(ref at);
        if (item.Only is { } first && at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')
        {
            at++;
            if (Single(ref at).Only is not { } last || last < first) throw new NotSupportedException("a range that ends in a class or runs backwards");
            if (first < '\uE000' && last > '\uE000') throw new NotSupportedException("a range across the private use area");
            set.AddRange(first, last);
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

    private UnitSet Single(ref int at)
    {
        if (pattern[at] == '\\') return UnitEscape.Parse(pattern, ref at);
        char c = pattern[at++];
        return c is >= '\uD800' and <= '\uF8FF' ? throw new NotSupportedException($"the character U+{(int)c:X4} beyond the basic plane") : UnitSet.Of(c);
    }
}
