using System.Globalization;
using System.Numerics;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>A set of units of <see cref="UnitAlphabet"/>, with the algebra of bracket expressions.</summary>
internal sealed class UnitSet
{
    private readonly ulong[] bits = new ulong[1024];

    public static UnitSet Where(Func<char, bool> predicate)
    {
        var set = new UnitSet();
        for (int unit = 0; unit <= char.MaxValue; unit++)
        {
            if (predicate((char)unit)) set.Add((char)unit);
        }
        return set;
    }

    public static UnitSet OfCategories(Func<UnicodeCategory, bool> predicate) => Where(unit => UnitAlphabet.CategoryOf(unit) is { } category && predicate(category));

    public static UnitSet Of(params ReadOnlySpan<char> units)
    {
        var set = new UnitSet();
        foreach (char unit in units) set.Add(unit);
        return set;
    }

    public bool Contains(char unit) => (bits[unit >> 6] >> (unit & 63) & 1) != 0;

    public bool IsEmpty => !bits.AsSpan().ContainsAnyExcept(0UL);

    /// <summary>The only member, or null when there are none or several.</summary>
    public char? Only
    {
        get
        {
            int word = bits.AsSpan().IndexOfAnyExcept(0UL);
            return word >= 0 && BitOperations.IsPow2(bits[word]) && !bits.AsSpan(word + 1).ContainsAnyExcept(0UL) ? (char)(word * 64 + BitOperations.TrailingZeroCount(bits[word])) : null;
        }
    }

    public void Add(char unit) => bits[unit >> 6] |= 1UL << (unit & 63);

    public void UnionWith(UnitSet other)
    {
        for (int i = 0; i < bits.Length; i++) bits[i] |= other.bits[i];
    }

    public void IntersectWith(UnitSet other)
    {
        for (int i = 0; i < bits.Length; i++) bits[i] &= other.bits[i];
    }

    public UnitSet With(UnitSet other)
    {
        UnionWith(other);
        return this;
    }

    public UnitSet Complement()
    {
        var set = new UnitSet();
        for (int i = 0; i < bits.Length; i++) set.bits[i] = ~bits[i];
        return set;
    }

    /// <summary>Adds every unit that differs from a member in case alone.</summary>
    public UnitSet IgnoringCase()
    {
        var set = new UnitSet();
        set.UnionWith(this);
        for (int unit = 0; unit <= char.MaxValue; unit++)
        {
            char folded = Fold((char)unit);
            if (folded != unit && (Contains((char)unit) || Contains(folded)))
            {
                set.Add((char)unit);
                set.Add(folded);
            }
        }
        // Siblings of one folded letter (k, K and the Kelvin sign) know each other through it.
        for (int unit = 0; unit <= char.MaxValue; unit++)
        {
            if (set.Contains(Fold((char)unit))) set.Add((char)unit);
        }
        return set;
    }

    /// <summary>The set as a bracket expression of .NET's regex dialect.</summary>
    public string ToPattern()
    {
        var pattern = new StringBuilder("[");
        bool any = false;
        for (int first = 0; first <= char.MaxValue; first++)
        {
            if (!Contains((char)first)) continue;
            int last = first;
            while (last < char.MaxValue && Contains((char)(last + 1))) last++;
            pattern.Append(CultureInfo.InvariantCulture, $"\\u{first:X4}");
            if (last > first) pattern.Append(CultureInfo.InvariantCulture, $"-\\u{last:X4}");
            first = last;
            any = true;
        }
        return any ? pattern.Append(']').ToString() : "(?!)";
    }

    private static char Fold(char unit) => unit switch
    {
        'ſ' => 's',
        '\u212A' => 'k',
        '\u212B' => 'å',
        'ς' => 'σ',
        _ => char.ToLowerInvariant(unit),
    };
}
