namespace Quire.Tokenizers;

/// <summary>The text of every id, of the model's vocabulary and of added tokens.</summary>
internal sealed class TokenTexts
{
    private readonly string?[] texts;

    public TokenTexts(IReadOnlyList<string?> model, IReadOnlyList<AddedToken> added, Normalizer? normalizer)
    {
        int count = model.Count;
        foreach (AddedToken token in added) count = Math.Max(count, token.Id + 1);
        texts = new string?[count];
        for (int id = 0; id < model.Count; id++) texts[id] = model[id];
        // A token that is matched in normalized text is also written that way.
        foreach (AddedToken token in added) texts[token.Id] = token.Normalized && normalizer is not null ? normalizer.Normalize(token.Content) : token.Content;
    }

    /// <summary>One more than the largest id.</summary>
    public int Count => texts.Length;

    /// <summary>Null where the id is unused or beyond the vocabulary.</summary>
    public string? Find(int id) => (uint)id < (uint)texts.Length ? texts[id] : null;

    public string TextOf(int id) => Find(id) ?? "";
}
