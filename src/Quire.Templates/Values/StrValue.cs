using Quire.Templates.Library;
using Quire.Templates.Python;
using Quire.Templates.Rendering;

namespace Quire.Templates.Values;

/// <summary>Python's str: a row of code points, kept in UTF-16.</summary>
/// <param name="isMarkup">Whether it is already HTML-escaped (Jinja's Markup).</param>
internal sealed class StrValue(string text, bool isMarkup = false) : Value
{
    private int hash;
    private int codePoints = -1;

    public static StrValue Empty { get; } = new("");

    public string Content => text;

    public bool IsMarkup => isMarkup;

    public override string TypeName => "str";

    public override bool IsTrue => text.Length > 0;

    public override long Weight => 1 + text.Length / 64;

    public override int? Length => CodePoints;

    private int CodePoints
    {
        get
        {
            if (codePoints < 0)
            {
                int pairs = 0;
                if (text.AsSpan().ContainsAnyInRange('\uD800', '\uDBFF'))
                    for (int at = 0; at < text.Length; at++)
                        if (PyChar.Width(text, at) == 2) { pairs++; at++; }
                codePoints = text.Length - pairs;
            }
            return codePoints;
        }
    }

    /// <summary>Whether a code point is one UTF-16 unit throughout, so that indices agree.</summary>
    public bool IsFlat => CodePoints == text.Length;

    /// <summary>The UTF-16 index of a code point.</summary>
    public int Offset(int codePoint)
    {
        if (IsFlat) return codePoint;
        int at = 0;
        for (; codePoint > 0 && at < text.Length; codePoint--) at += PyChar.Width(text, at);
        return at;
    }

    /// <summary>The code point index of a UTF-16 index.</summary>
    public int Index(int offset)
    {
        if (IsFlat || offset <= 0) return offset;
        int index = 0;
        for (int at = 0; at < offset; index++) at += PyChar.Width(text, at);
        return index;
    }

    public override void Repr(ReprWriter writer) => writer.Write(this);

    public override string Text(Run run) => text;

    public override IEnumerable<Value> Items(Run run)
    {
        for (int at = 0; at < text.Length;)
        {
            int width = PyChar.Width(text, at);
            yield return Character(text, at, width);
            at += width;
        }
    }

    private static readonly StrValue[] ascii = [.. Enumerable.Range(0, 128).Select(c => new StrValue(((char)c).ToString()))];

    private static StrValue Character(string text, int at, int width) => width == 1 && text[at] < 128 ? ascii[text[at]] : new StrValue(text.Substring(at, width));

    public override Value? Item(Value key)
    {
        if (key is not IntValue index || Sequences.Index(index, CodePoints) is not { } at) return null;
        int offset = Offset(at);
        return Character(text, offset, PyChar.Width(text, offset));
    }

    public override Value? Attribute(string name) => StringMethods.Find(this, name);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj) || (obj is StrValue other && text == other.Content);

    public override int GetHashCode()
    {
        if (hash == 0) hash = string.GetHashCode(text, StringComparison.Ordinal) | 1;
        return hash;
    }
}
