using System.Globalization;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>Replaces grapheme clusters that a compiled table lists, and in other clusters the characters it lists.</summary>
internal sealed class PrecompiledNormalizer(CharacterMap map) : Normalizer
{
    // The reference looks up only clusters below this many bytes.
    private const int LongestCluster = 6;

    public override AlignedText Normalize(AlignedText text)
    {
        var builder = new AlignedTextBuilder(text.HasOffsets ? AsReferencePlaces(text) : text);
        for (int start = 0; start < text.Text.Length;)
        {
            int end = start + StringInfo.GetNextTextElementLength(text.Text, start);
            if (Find(text.Text.AsSpan(start, end - start), LongestCluster) is { } cluster) Replace(text.Text, start, end, cluster, builder);
            else Characters(text.Text, start, end, builder);
            start = end;
        }
        return builder.ToText();
    }

    /// <summary>The reference does not count characters removed at the very beginning, so that everything after them lies too far left by as many.</summary>
    private AlignedText AsReferencePlaces(AlignedText text)
    {
        int lag = 0;
        while (lag < text.Text.Length && !char.IsSurrogate(text.Text[lag]) && Find(text.Text.AsSpan(lag, 1), int.MaxValue) is "") lag++;
        if (lag == 0 || lag == text.Text.Length) return text;
        var starts = (int[])text.Starts!.Clone();
        var ends = (int[])text.Ends!.Clone();
        // Places by code point; the two units of a pair share theirs.
        var places = new List<(int Start, int End)>();
        for (int i = 0; i < starts.Length; i++)
        {
            if (!char.IsLowSurrogate(text.Text[i])) places.Add((text.Starts[i], text.Ends[i]));
            if (places.Count > lag) (starts[i], ends[i]) = places[places.Count - 1 - lag];
        }
        return text with { Starts = starts, Ends = ends };
    }

    private void Characters(string text, int start, int end, AlignedTextBuilder builder)
    {
        for (int i = start; i < end;)
        {
            int length = char.IsHighSurrogate(text[i]) ? 2 : 1;
            if (Find(text.AsSpan(i, length), int.MaxValue) is { } written) Replace(text, i, i + length, written, builder);
            else builder.Copy(i, i + length);
            i += length;
        }
    }

    /// <summary>Each character written takes the place of the one it replaces; what goes beyond them that of the last.</summary>
    private static void Replace(string text, int start, int end, string written, AlignedTextBuilder builder)
    {
        Span<char> units = stackalloc char[2];
        int at = start;
        foreach (Rune rune in written.EnumerateRunes())
        {
            int length = char.IsHighSurrogate(text[at]) ? 2 : 1;
            builder.Append(units[..rune.EncodeToUtf16(units)], at, at + length);
            if (at + length < end) at += length;
        }
    }

    private string? Find(ReadOnlySpan<char> part, int belowBytes)
    {
        if (Encoding.UTF8.GetByteCount(part) >= belowBytes) return null;
        Span<byte> bytes = stackalloc byte[16];
        return map.Find(bytes[..Encoding.UTF8.GetBytes(part, bytes)]);
    }
}
