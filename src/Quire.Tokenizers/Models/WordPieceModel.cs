namespace Quire.Tokenizers;

/// <summary>Takes the longest known beginning of a word again and again; a word with an unknown part is unknown as a whole.</summary>
internal sealed class WordPieceModel(Dictionary<string, int> vocabulary, string unknownToken, string continuingPrefix, int longestWord) : TokenModel
{
    private readonly string?[] tokens = TokenTable.ById(vocabulary);
    private readonly int longestToken = vocabulary.Count == 0 ? 0 : vocabulary.Keys.Max(token => token.Length);

    public override IReadOnlyList<string?> Tokens => tokens;

    public override int? IdOf(string token) => vocabulary.TryGetValue(token, out int id) ? id : null;

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids) => Encode(piece, ids, []);

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids, List<TextRange> ranges)
    {
        (int firstId, int firstRange) = (ids.Count, ranges.Count);
        int characters = 0;
        foreach (System.Text.Rune _ in piece.EnumerateRunes()) characters++;
        bool known = characters <= longestWord;
        for (int start = 0; known && start < piece.Length;)
        {
            int end = Math.Min(piece.Length, start + longestToken);
            int id = -1;
            for (; end > start; end--)
            {
                if (end < piece.Length && char.IsLowSurrogate(piece[end])) continue;
                if (vocabulary.TryGetValue($"{(start > 0 ? continuingPrefix : "")}{piece[start..end]}", out id)) break;
            }
            known = end > start;
            if (!known) break;
            ids.Add(id);
            ranges.Add(new TextRange(start, end));
            start = end;
        }
        if (known) return;
        ids.RemoveRange(firstId, ids.Count - firstId);
        ranges.RemoveRange(firstRange, ranges.Count - firstRange);
        if (IdOf(unknownToken) is not { } unknown) return;
        ids.Add(unknown);
        ranges.Add(new TextRange(0, piece.Length));
    }
}
