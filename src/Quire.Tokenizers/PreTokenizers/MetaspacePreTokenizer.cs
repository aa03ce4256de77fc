namespace Quire.Tokenizers;

/// <summary>Which pieces get the mark of a space before them.</summary>
internal enum PrependScheme
{
    Never,

    /// <summary>The piece that begins the original text.</summary>
    First,

    Always,
}

/// <summary>Writes spaces as a visible mark and, if asked, cuts before each mark.</summary>
internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme scheme, bool split) : PreTokenizer
{
    private readonly SplitPattern mark = SplitPattern.Literal(replacement.ToString());

    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        var builder = new AlignedTextBuilder(tokens.Text);
        var pieces = new List<TextRange>(tokens.Pieces.Count);
        string text = tokens.Text.Text;
        foreach (TextRange piece in tokens.Pieces)
        {
            int start = builder.Length;
            bool marked = text[piece.Start] == replacement || text[piece.Start] == ' ';
            bool prepends = scheme == PrependScheme.Always || scheme == PrependScheme.First && startsText && piece.Start == 0;
            // The mark counts as part of the first character.
            if (prepends && !marked) builder.Append(replacement, piece.Start, piece.Start + (char.IsHighSurrogate(text[piece.Start]) ? 2 : 1));
            for (int i = piece.Start; i < piece.End; i++)
            {
                if (text[i] == ' ') builder.Append(replacement, i, i + 1);
                else builder.Copy(i, i + 1);
            }
            pieces.Add(new TextRange(start, builder.Length));
        }
        AlignedText written = builder.ToText();
        if (!split) return new PreTokens(written, pieces);
        var cut = new List<TextRange>(pieces.Count);
        foreach (TextRange piece in pieces) SplitBehaviors.Cut(piece, mark.Matches(written.Text, piece.Start, piece.End), SplitBehavior.MergedWithNext, false, cut);
        return new PreTokens(written, cut);
    }
}

/// <summary>Cuts every so many characters.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : PreTokenizer
{
    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        var pieces = new List<TextRange>();
        foreach (TextRange piece in tokens.Pieces)
        {
            int start = piece.Start;
            while (start < piece.End)
            {
                int end = start;
                for (int i = 0; i < length && end < piece.End; i++) end += char.IsHighSurrogate(tokens.Text.Text[end]) ? 2 : 1;
                pieces.Add(new TextRange(start, end));
                start = end;
            }
        }
        return tokens with { Pieces = pieces };
    }
}
