namespace Quire.Tokenizers;

/// <summary>A normalized text and the pieces of it that the model looks up one by one, in order; what lies in no piece is dropped.</summary>
internal sealed record PreTokens(AlignedText Text, List<TextRange> Pieces);

/// <summary>Splits pieces further, or rewrites them.</summary>
internal abstract class PreTokenizer
{
    /// <param name="startsText">The pieces begin where the original text begins, not after an added token.</param>
    public abstract PreTokens Split(PreTokens tokens, bool startsText);
}

/// <summary>One after the other.</summary>
internal sealed class SequencePreTokenizer(IReadOnlyList<PreTokenizer> parts) : PreTokenizer
{
    public override PreTokens Split(PreTokens tokens, bool startsText)
    {
        foreach (PreTokenizer part in parts) tokens = part.Split(tokens, startsText);
        return tokens;
    }
}
