namespace Quire.Tokenizers;

/// <summary>A token that is matched in the text before anything else happens to it.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Control, not text: left out of decoded text on request, and matched only where the caller trusts the text.</summary>
    public bool Special { get; init; }

    /// <summary>Matched in the normalized text, its own content normalized too.</summary>
    public bool Normalized { get; init; }

    /// <summary>Takes the white space before it.</summary>
    public bool StripsLeft { get; init; }

    /// <summary>Takes the white space after it.</summary>
    public bool StripsRight { get; init; }

    /// <summary>Matches only where no word character touches it.</summary>
    public bool SingleWord { get; init; }
}
