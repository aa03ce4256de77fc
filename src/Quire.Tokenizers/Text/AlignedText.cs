using System.Text;

namespace Quire.Tokenizers;

/// <summary>A text on its way through normalizers and pre-tokenizers, and optionally the span of the original text each of its characters came from.</summary>
/// <param name="Text">Well-formed UTF-16.</param>
/// <param name="Starts">For every UTF-16 unit the first original code point it stands for; null when nobody asked for offsets.</param>
/// <param name="Ends">For every UTF-16 unit one past the last original code point it stands for.</param>
internal sealed record AlignedText(string Text, int[]? Starts = null, int[]? Ends = null)
{
    /// <summary>The original text itself, lone surrogates replaced by U+FFFD.</summary>
    public static AlignedText Original(string text, bool withOffsets)
    {
        text = WellFormed(text);
        if (!withOffsets) return new AlignedText(text);
        var starts = new int[text.Length];
        var ends = new int[text.Length];
        int codePoint = 0;
        for (int i = 0; i < text.Length; i++)
        {
            starts[i] = codePoint;
            ends[i] = codePoint + 1;
            if (!char.IsHighSurrogate(text[i])) codePoint++;
        }
        return new AlignedText(text, starts, ends);
    }

    public bool HasOffsets => Starts is not null;

    public AlignedText Slice(int start, int length) =>
        start == 0 && length == Text.Length ? this : new(Text.Substring(start, length), Starts?[start..(start + length)], Ends?[start..(start + length)]);

    /// <summary>Replaces lone surrogates, which have no UTF-8 form.</summary>
    public static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return text;
        var builder = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) builder.Append(rune.ToString());
        return builder.ToString();
    }
}
