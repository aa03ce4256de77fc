using System.Text;

namespace Quire.Tokenizers;

/// <summary>Cuts pieces along the matches of a pattern.</summary>
internal sealed class SplitPreTokenizer(SplitPattern pattern, SplitBehavior behavior, bool invert) : PreTokenizer
{
    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        var pieces = new List<TextRange>(tokens.Pieces.Count);
        foreach (TextRange piece in tokens.Pieces)
            SplitBehaviors.Cut(piece, pattern.Matches(tokens.Text.Text, piece.Start, piece.End), behavior, invert, pieces);
        return tokens with { Pieces = pieces };
    }
}

/// <summary>Cuts pieces along characters of a class.</summary>
internal sealed class CharacterPreTokenizer(Func<Rune, bool> isDelimiter, SplitBehavior behavior) : PreTokenizer
{
    /// <summary>Numbers of any script, together or one by one.</summary>
    public static CharacterPreTokenizer Digits(bool individual) =>
        new(UnicodeClass.IsNumeric, individual ? SplitBehavior.Isolated : SplitBehavior.Contiguous);

    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        var pieces = new List<TextRange>(tokens.Pieces.Count);
        var matches = new List<TextRange>();
        foreach (TextRange piece in tokens.Pieces)
        {
            matches.Clear();
            for (int i = piece.Start; i < piece.End;)
            {
                Rune.DecodeFromUtf16(tokens.Text.Text.AsSpan(i), out Rune rune, out int consumed);
                if (isDelimiter(rune)) matches.Add(new TextRange(i, i + consumed));
                i += consumed;
            }
            SplitBehaviors.Cut(piece, matches, behavior, false, pieces);
        }
        return tokens with { Pieces = pieces };
    }
}

/// <summary>Runs of word characters and runs of anything else but white space.</summary>
internal sealed class WordRunsPreTokenizer : PreTokenizer
{
    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        var pieces = new List<TextRange>(tokens.Pieces.Count);
        foreach (TextRange piece in tokens.Pieces)
        {
            Kind last = Kind.Space;
            for (int i = piece.Start; i < piece.End;)
            {
                Rune.DecodeFromUtf16(tokens.Text.Text.AsSpan(i), out Rune rune, out int consumed);
                Kind kind = UnicodeClass.IsWhiteSpace(rune.Value) ? Kind.Space : UnicodeClass.IsWord(rune.Value) ? Kind.Word : Kind.Other;
                if (kind != Kind.Space && kind == last) pieces[^1] = pieces[^1] with { End = i + consumed };
                else if (kind != Kind.Space) pieces.Add(new TextRange(i, i + consumed));
                last = kind;
                i += consumed;
            }
        }
        return tokens with { Pieces = pieces };
    }

    private enum Kind
    {
        Space,
        Word,
        Other,
    }
}
