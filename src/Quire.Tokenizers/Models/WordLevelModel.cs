namespace Quire.Tokenizers;

/// <summary>One token a piece; pieces that are not in the vocabulary are the unknown token.</summary>
internal sealed class WordLevelModel(Dictionary<string, int> vocabulary, string unknownToken) : TokenModel
{
    private readonly string?[] tokens = TokenTable.ById(vocabulary);

    public override IReadOnlyList<string?> Tokens => tokens;

    public override int? IdOf(string token) => vocabulary.TryGetValue(token, out int id) ? id : null;

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        if ((IdOf(piece.ToString()) ?? IdOf(unknownToken)) is { } id) ids.Add(id);
    }

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids, List<TextRange> ranges)
    {
        int before = ids.Count;
        Encode(piece, ids);
        if (ids.Count > before) ranges.Add(new TextRange(0, piece.Length));
    }
}
