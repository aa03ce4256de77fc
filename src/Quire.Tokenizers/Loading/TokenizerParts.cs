namespace Quire.Tokenizers;

/// <summary>What a file describes: the stages a text goes through.</summary>
internal sealed record TokenizerParts
{
    public required TokenModel Model { get; init; }

    public required AddedVocabulary Added { get; init; }

    public required TokenTexts Texts { get; init; }

    public Normalizer? Normalizer { get; init; }

    public PreTokenizer? PreTokenizer { get; init; }

    public PostProcessor? PostProcessor { get; init; }

    public Decoder? Decoder { get; init; }
}
