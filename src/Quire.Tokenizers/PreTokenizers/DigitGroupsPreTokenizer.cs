namespace Quire.Tokenizers;

/// <summary>Cuts runs of digits into groups of three, counted from their end. Vocabularies say so by regexes that look ahead to the end of a run from each of its digits; this takes time that grows with the text alone.</summary>
/// <param name="runs">A run of digits.</param>
/// <param name="ends">The last digit of runs that are cut; null cuts all.</param>
/// <param name="isolates">Groups are pieces of their own, a shorter first one too; else the cuts are those before whole groups alone.</param>
internal sealed class DigitGroupsPreTokenizer(SplitPattern runs, SplitPattern? ends, bool isolates) : PreTokenizer
{
    private const int Group = 3;

    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        string text = tokens.Text.Text;
        var pieces = new List<TextRange>(tokens.Pieces.Count);
        foreach (TextRange piece in tokens.Pieces)
        {
            HashSet<int>? cut = ends?.Matches(text, piece.Start, piece.End).Select(match => match.End).ToHashSet();
            int start = piece.Start;
            foreach (TextRange run in runs.Matches(text, piece.Start, piece.End))
            {
                if (cut is not null && !cut.Contains(run.End)) continue;
                foreach (int at in Cuts(text, run))
                {
                    if (at == start) continue;
                    pieces.Add(new TextRange(start, at));
                    start = at;
                }
            }
            if (start < piece.End) pieces.Add(new TextRange(start, piece.End));
        }
        return tokens with { Pieces = pieces };
    }

    // In the order of the text. A digit is one code point, which may be two units.
    private List<int> Cuts(string text, TextRange run)
    {
        List<int> cuts = isolates ? [run.End] : [];
        int at = run.End, digits = 0;
        while (at > run.Start)
        {
            at -= at - run.Start >= 2 && char.IsSurrogatePair(text[at - 2], text[at - 1]) ? 2 : 1;
            if (++digits % Group == 0) cuts.Add(at);
        }
        if (isolates && digits % Group != 0) cuts.Add(run.Start);
        cuts.Reverse();
        return cuts;
    }
}
