using System.Text;

namespace Quire.Tokenizers;

/// <summary>Puts a prefix before every text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override AlignedText Normalize(AlignedText text)
    {
        if (text.Text.Length == 0) return text;
        var builder = new AlignedTextBuilder(text);
        // The prefix counts as part of the first character.
        builder.Append(prefix, 0, char.IsHighSurrogate(text.Text[0]) ? 2 : 1);
        builder.Copy(0, text.Text.Length);
        return builder.ToText();
    }
}

/// <summary>Replaces every match of a pattern.</summary>
internal sealed class ReplaceNormalizer(SplitPattern pattern, string content) : Normalizer
{
    public override AlignedText Normalize(AlignedText text)
    {
        List<TextRange> matches = pattern.Matches(text.Text, 0, text.Text.Length);
        if (matches.Count == 0) return text;
        var builder = new AlignedTextBuilder(text);
        int at = 0;
        foreach (TextRange match in matches)
        {
            builder.Copy(at, match.Start);
            // What replaces a match takes the place of its last character.
            int last = match.Length > 1 && char.IsSurrogatePair(text.Text[match.End - 2], text.Text[match.End - 1]) ? match.End - 2 : match.End - 1;
            builder.Append(content, Math.Max(last, match.Start), match.End);
            at = match.End;
        }
        builder.Copy(at, text.Text.Length);
        return builder.ToText();
    }
}

/// <summary>Full Unicode lower case, one character at a time.</summary>
internal sealed class LowercaseNormalizer : Normalizer
{
    public override AlignedText Normalize(AlignedText text)
    {
        var builder = new AlignedTextBuilder(text);
        Span<char> units = stackalloc char[2];
        for (int i = 0; i < text.Text.Length;)
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(i), out Rune rune, out int consumed);
            if (rune.Value == 'İ') builder.Append("i\u0307", i, i + consumed);
            else builder.Append(units[..Rune.ToLowerInvariant(rune).EncodeToUtf16(units)], i, i + consumed);
            i += consumed;
        }
        return builder.ToText();
    }
}

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override AlignedText Normalize(AlignedText text)
    {
        int start = 0, end = text.Text.Length;
        while (left && start < end && UnicodeClass.IsWhiteSpace(text.Text[start])) start++;
        while (right && end > start && UnicodeClass.IsWhiteSpace(text.Text[end - 1])) end--;
        return text.Slice(start, end - start);
    }
}
