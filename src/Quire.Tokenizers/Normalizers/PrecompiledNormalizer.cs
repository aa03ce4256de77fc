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
        var builder = new AlignedTextBuilder(text);
        for (int start = 0; start < text.Text.Length;)
        {
            int end = start + StringInfo.GetNextTextElementLength(text.Text, start);
            if (Find(text.Text.AsSpan(start, end - start), LongestCluster) is { } cluster) Replace(text.Text, start, end, cluster, builder);
            else Characters(text.Text, start, end, builder);
            start = end;
        }
        return builder.ToText();
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
