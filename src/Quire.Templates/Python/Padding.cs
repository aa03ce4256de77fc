using System.Text;
using Quire.Templates.Rendering;
using Quire.Templates.Values;

namespace Quire.Templates.Python;

internal enum Alignment
{
    Left,
    Right,

    /// <summary>As <c>str.center</c>: an odd blank goes left if the width is odd.</summary>
    Center,

    /// <summary>As format's <c>^</c>: an odd blank goes right.</summary>
    Middle,
}

/// <summary>Filling a text up to a width counted in code points.</summary>
internal static class Padding
{
    public static StrValue Pad(Run run, StrValue text, int width, string fill, Alignment alignment)
    {
        int missing = width - text.Length!.Value;
        if (missing <= 0) return text;
        run.ChargeText(text.Content.Length + (long)missing * fill.Length);
        int left = alignment switch
        {
            Alignment.Left => 0,
            Alignment.Right => missing,
            Alignment.Middle => missing / 2,
            _ => missing / 2 + (missing & width & 1),
        };
        return new StrValue(Repeat(fill, left) + text.Content + Repeat(fill, missing - left), text.IsMarkup);
    }

    public static string Repeat(string fill, int count) => fill.Length == 1 ? new string(fill[0], count) : new StringBuilder().Insert(0, fill, count).ToString();

    public static StrValue ZeroFill(Run run, StrValue text, int width)
    {
        int missing = width - text.Length!.Value;
        if (missing <= 0) return text;
        run.ChargeText(text.Content.Length + (long)missing);
        int sign = text.Content.StartsWith('-') || text.Content.StartsWith('+') ? 1 : 0;
        return new StrValue(text.Content[..sign] + new string('0', missing) + text.Content[sign..]);
    }

    public static string ExpandTabs(Run run, string text, int size)
    {
        var result = new StringBuilder();
        int column = 0;
        foreach (char c in text)
        {
            if (c == '\t')
            {
                int blanks = size <= 0 ? 0 : size - column % size;
                run.ChargeText(blanks);
                if (result.Length + (long)blanks > Limits.StringLength) throw Errors.TooMuch($"{Limits.StringLength} characters in one text");
                result.Append(' ', blanks);
                column += blanks;
                continue;
            }
            result.Append(c);
            if (!char.IsLowSurrogate(c)) column = c is '\n' or '\r' ? 0 : column + 1;
        }
        return result.ToString();
    }
}
