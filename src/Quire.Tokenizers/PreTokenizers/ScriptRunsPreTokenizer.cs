using System.Text;

namespace Quire.Tokenizers;

/// <summary>Runs of one script. Spaces and characters without a script belong to the run before them; before the first run they belong to nothing and are lost, as in the reference.</summary>
internal sealed class ScriptRunsPreTokenizer : PreTokenizer
{
    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        var pieces = new List<TextRange>(tokens.Pieces.Count);
        foreach (TextRange piece in tokens.Pieces)
        {
            string? last = null;
            int start = piece.Start;
            for (int i = piece.Start; i < piece.End;)
            {
                Rune.DecodeFromUtf16(tokens.Text.Text.AsSpan(i), out Rune rune, out int consumed);
                if (ScriptOf(rune) is { } script && script != last)
                {
                    if (last is not null) pieces.Add(new TextRange(start, i));
                    (last, start) = (script, i);
                }
                i += consumed;
            }
            if (last is not null) pieces.Add(new TextRange(start, piece.End));
        }
        return tokens with { Pieces = pieces };
    }

    /// <summary>SentencePiece's idea of scripts: Japanese is written in one, and the mark that lengthens its vowels is of it.</summary>
    private static string? ScriptOf(Rune rune) => rune.Value switch
    {
        ' ' => null,
        'ー' => "Han",
        var codePoint => ScriptTable.Shared.Find(codePoint) is var script && script is "Hiragana" or "Katakana" ? "Han" : script,
    };
}
