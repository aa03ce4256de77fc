using Quire.Formats;

namespace Quire.Tokenizers;

/// <summary>BPE as Gemma 4 has it in GGUF: of characters, not bytes, with ▁ for spaces and bytes for what is not in the vocabulary.</summary>
internal static class GgufCharacterBpe
{
    public static TokenizerParts Read(
        GgufVocabularyData vocabulary, GgufPreTokenizer pre, Dictionary<string, int> ids, IReadOnlyList<(string Left, string Right)> merges, PostProcessor? template)
    {
        List<AddedToken> added = GgufTokenizer.Added(vocabulary);
        // As added tokens, which many of them are in any case, runs of line breaks are found before anything else and whole.
        if (pre.WholeLineBreaks)
            added.AddRange(ids.Where(token => IsLineBreaks(token.Key) && !added.Exists(known => known.Id == token.Value)).Select(token => new AddedToken(token.Value, token.Key)).ToArray());
        return new TokenizerParts
        {
            Model = new BpeModel(ids, merges, new BpeOptions { ByteFallback = true }),
            Added = new AddedVocabulary(added, null),
            Texts = new TokenTexts(vocabulary.Tokens, added, null),
            Normalizer = new ReplaceNormalizer(SplitPattern.Literal(" "), "▁"),
            PreTokenizer = pre.Build(),
            PostProcessor = template,
            Decoder = new SequenceDecoder([new ReplaceDecoder(SplitPattern.Literal("▁"), " "), new ByteFallbackDecoder(), new FuseDecoder()]),
        };
    }

    private static bool IsLineBreaks(string token) => token.Length > 0 && !token.AsSpan().ContainsAnyExcept('\n');
}
