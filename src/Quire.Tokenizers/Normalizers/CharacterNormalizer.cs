using System.Globalization;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>Rewrites each character by itself; what it writes keeps the character's place in the original text.</summary>
/// <param name="rewrite">The text in place of a character; null keeps it.</param>
internal sealed class CharacterNormalizer(Func<Rune, string?> rewrite) : Normalizer
{
    public override AlignedText Normalize(AlignedText text)
    {
        var builder = new AlignedTextBuilder(text);
        for (int i = 0; i < text.Text.Length;)
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(i), out Rune rune, out int consumed);
            if (rewrite(rune) is { } written) builder.Append(written, i, i + consumed);
            else builder.Copy(i, i + consumed);
            i += consumed;
        }
        return builder.ToText();
    }

    public static string? WithoutMarks(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark ? "" : null;

    public static string? WithoutNonSpacingMarks(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark ? "" : null;

    /// <summary>BERT's cleaning: no control characters, white space is a space.</summary>
    public static string? Clean(Rune rune)
    {
        if (rune.Value is '\t' or '\n' or '\r') return " ";
        if (rune.Value is 0 or 0xFFFD || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse) return "";
        return UnicodeClass.IsWhiteSpace(rune.Value) ? " " : null;
    }

    public static string? SpacedIdeographs(Rune rune) => rune.Value
        is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F ? $" {rune} " : null;

    /// <summary>SentencePiece's rules for machine translation: no control characters, one kind of space.</summary>
    public static string? Nmt(Rune rune) => rune.Value switch
    {
        >= 0x01 and <= 0x08 or 0x0B or >= 0x0E and <= 0x1F or 0x7F or 0x8F or 0x9F => "",
        0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or >= 0x200B and <= 0x200F or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD => " ",
        _ => null,
    };

    /// <summary>The bytes of a character in the byte alphabet.</summary>
    public static string? Bytes(Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        Span<char> written = stackalloc char[4];
        int count = rune.EncodeToUtf8(bytes);
        for (int i = 0; i < count; i++) written[i] = ByteAlphabet.CharOf(bytes[i]);
        return new string(written[..count]);
    }
}
