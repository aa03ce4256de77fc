using System.Globalization;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>One UTF-16 unit per code point, so that a .NET regex counts and classifies what Oniguruma counts and classifies.</summary>
/// <remarks>
/// Code points of the basic plane stand for themselves. All others, and the private use area whose place they take, become U+E000 + 30 · interval + category.
/// A pattern can tell them apart only by category and by the code points it names, and those bound the intervals.
/// </remarks>
internal sealed class UnitAlphabet
{
    private const char FirstStandIn = '\uE000';
    private const char LastPrivateUse = '\uF8FF';
    private const int Categories = 30;
    private const int MostIntervals = (LastPrivateUse - FirstStandIn) / Categories;

    private readonly int[] starts;

    private UnitAlphabet(int[] starts) => this.starts = starts;

    /// <summary>The alphabet in which <paramref name="pattern"/> can say what it says.</summary>
    /// <exception cref="NotSupportedException">The pattern names too many code points beyond the basic plane.</exception>
    public static UnitAlphabet For(string pattern)
    {
        var starts = new SortedSet<int> { 0 };
        foreach (Rune rune in pattern.EnumerateRunes().Where(rune => !rune.IsBmp)) starts.UnionWith([rune.Value, rune.Value + 1]);
        if (pattern.Contains("{Han}", StringComparison.Ordinal))
        {
            foreach ((int first, int last) in Script.Han.Where(range => range.First > char.MaxValue)) starts.UnionWith([first, last + 1]);
        }
        return starts.Count <= MostIntervals ? new UnitAlphabet([.. starts]) : throw new NotSupportedException($"{starts.Count / 2} characters beyond the basic plane");
    }

    /// <summary>The category of what a unit stands for; null for units that never occur.</summary>
    public static UnicodeCategory? CategoryOf(char unit) => unit switch
    {
        >= '\uD800' and <= '\uDFFF' => null,
        >= FirstStandIn and <= LastPrivateUse => (UnicodeCategory)((unit - FirstStandIn) % Categories),
        _ => CharUnicodeInfo.GetUnicodeCategory(unit),
    };

    /// <summary>True when every code point stands for itself.</summary>
    public static bool IsPlain(ReadOnlySpan<char> text) => !text.ContainsAnyInRange('\uD800', LastPrivateUse);

    /// <summary>Adds the units of code points, whose ends beyond the basic plane are among those the pattern names.</summary>
    /// <exception cref="NotSupportedException">The range ends in the private use area, which has no units of its own.</exception>
    public void AddRange(UnitSet set, int first, int last)
    {
        if (first is >= 0xD800 and <= LastPrivateUse || last is >= 0xD800 and <= LastPrivateUse) throw new NotSupportedException("a character of the private use area");
        for (int unit = first; unit <= Math.Min(last, char.MaxValue); unit++)
        {
            if (unit is < 0xD800 or > LastPrivateUse) set.Add((char)unit);
        }
        for (int interval = 0; interval < starts.Length; interval++)
        {
            if (starts[interval] < Math.Max(first, 0x10000) || starts[interval] > last) continue;
            for (int category = 0; category < Categories; category++) set.Add((char)(FirstStandIn + interval * Categories + category));
        }
    }

    /// <summary>The units of <paramref name="text"/> and, for each and the end, where its code point begins in <paramref name="text"/>.</summary>
    public (char[] Units, int[] Positions) Map(ReadOnlySpan<char> text)
    {
        var units = new char[text.Length];
        var positions = new int[text.Length + 1];
        int count = 0;
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int consumed);
            positions[count] = i;
            units[count++] = rune.IsBmp && rune.Value is < FirstStandIn or > LastPrivateUse and <= char.MaxValue ? (char)rune.Value : StandIn(rune);
            i += consumed;
        }
        positions[count] = text.Length;
        return (units[..count], positions);
    }

    private char StandIn(Rune rune)
    {
        int interval = Array.BinarySearch(starts, rune.Value);
        if (interval < 0) interval = ~interval - 1;
        // The private use area of the basic plane lies before every interval that a pattern names.
        return (char)(FirstStandIn + (rune.IsBmp ? 0 : interval) * Categories + (int)Rune.GetUnicodeCategory(rune));
    }
}
