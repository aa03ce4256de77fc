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
            if (Find(text.Text.AsSpan(start, end - start), LongestCluster) is { } cluster) builder.Append(cluster, start, end);
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
            if (Find(text.AsSpan(i, length), int.MaxValue) is { } written) builder.Append(written, i, i + length);
            else builder.Copy(i, i + length);
            i += length;
        }
    }

    private string? Find(ReadOnlySpan<char> part, int belowBytes)
    {
        if (Encoding.UTF8.GetByteCount(part) >= belowBytes) return null;
        Span<byte> bytes = stackalloc byte[16];
        return map.Find(bytes[..Encoding.UTF8.GetBytes(part, bytes)]);
    }
}
