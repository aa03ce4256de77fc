using System.Text;

namespace Quire.Tokenizers;

/// <summary>Splits as GPT-2 does, if asked, and writes every piece in the byte alphabet.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : PreTokenizer
{
    private static readonly Lazy<SplitPreTokenizer> gpt2 = new(() => new SplitPreTokenizer(SplitPattern.Oniguruma(SplitPattern.Gpt2), SplitBehavior.Isolated, false));

    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        if (addPrefixSpace) tokens = Prefixed(tokens);
        if (useRegex) tokens = gpt2.Value.Split(tokens, startsText);
        return InBytes(tokens);
    }

    private static PreTokens Prefixed(PreTokens tokens)
    {
        var builder = new AlignedTextBuilder(tokens.Text);
        var pieces = new List<TextRange>(tokens.Pieces.Count);
        foreach (TextRange piece in tokens.Pieces)
        {
            int start = builder.Length;
            char first = tokens.Text.Text[piece.Start];
            if (first != ' ') builder.Append(' ', piece.Start, piece.Start + (char.IsHighSurrogate(first) ? 2 : 1));
            builder.Copy(piece.Start, piece.End);
            pieces.Add(new TextRange(start, builder.Length));
        }
        return new PreTokens(builder.ToText(), pieces);
    }

    private static PreTokens InBytes(PreTokens tokens)
    {
        var builder = new AlignedTextBuilder(tokens.Text);
        var pieces = new List<TextRange>(tokens.Pieces.Count);
        string text = tokens.Text.Text;
        Span<byte> bytes = stackalloc byte[4];
        foreach (TextRange piece in tokens.Pieces)
        {
            int start = builder.Length;
            for (int i = piece.Start; i < piece.End;)
            {
                if (text[i] < 0x80)
                {
                    builder.Append(ByteAlphabet.CharOf((byte)text[i]), i, i + 1);
                    i++;
                    continue;
                }
                Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int consumed);
                foreach (byte value in bytes[..rune.EncodeToUtf8(bytes)]) builder.Append(ByteAlphabet.CharOf(value), i, i + consumed);
                i += consumed;
            }
            pieces.Add(new TextRange(start, builder.Length));
        }
        return new PreTokens(builder.ToText(), pieces);
    }
}
