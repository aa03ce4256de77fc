using Quire.Formats;

namespace Quire.Tokenizers;

/// <summary>Builds a Unigram tokenizer from a GGUF vocabulary: T5's and XLM-RoBERTa's.</summary>
internal static class GgufUnigram
{
    private const char Mark = '▁';
    private const int Byte = 6;

    // What files of the kind mean where they do not say.
    private const int Eos = 1, Unknown = 2;

    /// <exception cref="FormatException">The table of replacements does not fit its own sizes.</exception>
    public static TokenizerParts Read(GgufVocabularyData vocabulary, string file)
    {
        if (vocabulary.Scores is not { } scores) throw QuireException.BadFile(file, "has no tokenizer.ggml.scores");
        int unknown = vocabulary.UnknownTokenId ?? Unknown;
        if (unknown >= vocabulary.Tokens.Length) throw QuireException.BadFile(file, $"names the special token {unknown} in a vocabulary of {vocabulary.Tokens.Length}");
        bool prepends = vocabulary.AddSpacePrefix ?? false;
        var spaces = new MetaspacePreTokenizer(Mark, prepends ? PrependScheme.Always : PrependScheme.Never, split: true);
        List<AddedToken> added = GgufTokenizer.Added(vocabulary);
        List<Decoder> decoders = [new ReplaceDecoder(SplitPattern.Literal(Mark.ToString()), " "), new ByteFallbackDecoder(), new FuseDecoder()];
        if (prepends) decoders.Add(new StripDecoder(' ', 1, 0));
        return new TokenizerParts
        {
            Model = new UnigramModel([.. vocabulary.Tokens.Zip(scores, (token, score) => (token, (double)score))], unknown, vocabulary.TokenTypes?.Contains(Byte) == true),
            Added = new AddedVocabulary(added, null),
            Texts = new TokenTexts(vocabulary.Tokens, added, null),
            Normalizer = vocabulary.CharacterMap is { } map ? new PrecompiledNormalizer(new CharacterMap(map)) : null,
            // Where several spaces count as one, words alone remain.
            PreTokenizer = vocabulary.RemoveExtraWhitespaces == true && prepends
                ? new SequencePreTokenizer([new SplitPreTokenizer(SplitPattern.Literal(" "), SplitBehavior.Removed, invert: false), spaces])
                : spaces,
            PostProcessor = GgufTokenizer.Template(vocabulary with { EosTokenId = vocabulary.EosTokenId ?? Eos, AddEosToken = vocabulary.AddEosToken ?? true }, addsBos: false, file),
            Decoder = new SequenceDecoder(decoders),
        };
    }
}
