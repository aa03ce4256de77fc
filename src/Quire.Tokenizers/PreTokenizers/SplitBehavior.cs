namespace Quire.Tokenizers;

/// <summary>What becomes of the text a delimiter matched.</summary>
internal enum SplitBehavior
{
    /// <summary>Each match is a piece.</summary>
    Isolated,

    /// <summary>Matches are dropped.</summary>
    Removed,

    /// <summary>A match ends the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>A match begins the piece after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring matches are one piece.</summary>
    Contiguous,
}

/// <summary>Cuts one piece along matches.</summary>
internal static class SplitBehaviors
{
    /// <param name="matches">Inside <paramref name="piece"/>, in order, not overlapping.</param>
    /// <param name="invert">What lies between the matches is the delimiter.</param>
    public static void Cut(TextRange piece, List<TextRange> matches, SplitBehavior behavior, bool invert, List<TextRange> output)
    {
        var parts = new List<(TextRange Range, bool IsDelimiter)>(2 * matches.Count + 1);
        int at = piece.Start;
        foreach (TextRange match in matches)
        {
            if (match.Start > at) parts.Add((new TextRange(at, match.Start), invert));
            if (match.Length > 0) parts.Add((match, !invert));
            at = match.End;
        }
        if (at < piece.End) parts.Add((new TextRange(at, piece.End), invert));

        int first = output.Count;
        for (int i = 0; i < parts.Count; i++)
        {
            (TextRange range, bool isDelimiter) = parts[i];
            bool joins = i > 0 && behavior switch
            {
                SplitBehavior.Contiguous => parts[i - 1].IsDelimiter == isDelimiter,
                SplitBehavior.MergedWithPrevious => isDelimiter && !parts[i - 1].IsDelimiter,
                SplitBehavior.MergedWithNext => !isDelimiter && parts[i - 1].IsDelimiter,
                _ => false,
            };
            if (behavior == SplitBehavior.Removed && isDelimiter) continue;
            if (joins && output.Count > first) output[^1] = new TextRange(output[^1].Start, range.End);
            else output.Add(range);
        }
    }
}
