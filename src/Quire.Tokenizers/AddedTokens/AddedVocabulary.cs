namespace Quire.Tokenizers;

/// <summary>All added tokens of a tokenizer.</summary>
internal sealed class AddedVocabulary
{
    private readonly Dictionary<int, AddedToken> byId = [];
    private readonly Dictionary<string, AddedToken> byContent = new(StringComparer.Ordinal);
    private readonly AddedTokenMatcher? raw;
    private readonly AddedTokenMatcher? normalized;

    public AddedVocabulary(IReadOnlyList<AddedToken> tokens, Normalizer? normalizer)
    {
        foreach (AddedToken token in tokens)
        {
            byId[token.Id] = token;
            byContent[token.Content] = token;
        }
        (string, AddedToken)[] inRaw = [.. tokens.Where(token => !token.Normalized).Select(token => (token.Content, token))];
        (string, AddedToken)[] inNormalized =
            [.. tokens.Where(token => token.Normalized).Select(token => (normalizer is null ? token.Content : normalizer.Normalize(token.Content), token))];
        raw = inRaw.Length == 0 ? null : new AddedTokenMatcher(inRaw);
        normalized = inNormalized.Length == 0 ? null : new AddedTokenMatcher(inNormalized);
    }

    public IEnumerable<AddedToken> Tokens => byId.Values;

    public AddedToken? Find(int id) => byId.GetValueOrDefault(id);

    public AddedToken? Find(string content) => byContent.GetValueOrDefault(content);

    public List<(TextRange Range, AddedToken? Token)> CutRaw(string text, bool parseSpecial) => Cut(raw, text, parseSpecial);

    public List<(TextRange Range, AddedToken? Token)> CutNormalized(string text, bool parseSpecial) => Cut(normalized, text, parseSpecial);

    private static List<(TextRange Range, AddedToken? Token)> Cut(AddedTokenMatcher? matcher, string text, bool parseSpecial) =>
        matcher is not null ? matcher.Cut(text, parseSpecial) : text.Length == 0 ? [] : [(new TextRange(0, text.Length), null)];
}
