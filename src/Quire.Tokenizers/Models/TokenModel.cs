namespace Quire.Tokenizers;

/// <summary>Looks up the ids of one piece.</summary>
internal abstract class TokenModel
{
    /// <summary>The vocabulary: text by id; null where an id is unused.</summary>
    public abstract IReadOnlyList<string?> Tokens { get; }

    public abstract int? IdOf(string token);

    /// <summary>Appends the ids of <paramref name="piece"/>.</summary>
    public abstract void Encode(ReadOnlySpan<char> piece, List<int> ids);

    /// <summary>Appends the ids of <paramref name="piece"/> and for each its UTF-16 units within the piece.</summary>
    public abstract void Encode(ReadOnlySpan<char> piece, List<int> ids, List<TextRange> ranges);
}
