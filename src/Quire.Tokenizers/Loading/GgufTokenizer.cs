using Quire.Formats;

namespace Quire.Tokenizers;

/// <summary>Builds a tokenizer from a GGUF vocabulary, whose file names the pre-tokenizer instead of describing it.</summary>
internal static class GgufTokenizer
{
    private const int Control = 3;
    private const int UserDefined = 4;

    public static TokenizerParts Read(GgufVocabularyData vocabulary, string file)
    {
        if (vocabulary.Model == "llama") return SentencePiece(vocabulary, file);
        if (vocabulary.Model == "bert") return GgufWordPiece.Read(vocabulary, file);
        if (vocabulary.Model == "t5") return Unigram(vocabulary, file);
        if (vocabulary.Model is not ("gpt2" or "gemma4")) throw new QuireException(ErrorKind.NotSupported, $"{file}: a vocabulary of the kind \"{vocabulary.Model}\" is not supported");
        var ids = new Dictionary<string, int>(vocabulary.Tokens.Length, StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Tokens.Length; id++) ids.TryAdd(vocabulary.Tokens[id], id);
        GgufPreTokenizer pre = GgufPreTokenizers.Find(vocabulary.Model == "gemma4" ? "gemma4" : vocabulary.Pre ?? "default", file);
        try
        {
            TemplatePostProcessor? template = Template(pre.AlwaysAddsBos ? vocabulary with { AddBosToken = true } : vocabulary, pre.AddsBos, file);
            if (pre.InCharacters) return GgufCharacterBpe.Read(vocabulary, pre, ids, Merges(vocabulary, file), template);
            var model = new BpeModel(ids, Merges(vocabulary, file), new BpeOptions { IgnoreMerges = pre.IgnoreMerges });
            List<AddedToken> added = Added(vocabulary);
            return new TokenizerParts
            {
                Model = model,
                Added = new AddedVocabulary(added, null),
                Texts = new TokenTexts(vocabulary.Tokens, added, null),
                PreTokenizer = pre.Build(),
                PostProcessor = template,
                Decoder = new ByteLevelDecoder(),
            };
        }
        catch (FormatException error)
        {
            throw QuireException.BadFile(file, $"its vocabulary is broken: {error.Message}", error);
        }
    }

    private static TokenizerParts Unigram(GgufVocabularyData vocabulary, string file)
    {
        try
        {
            return GgufUnigram.Read(vocabulary, file);
        }
        catch (FormatException error)
        {
            throw QuireException.BadFile(file, $"its vocabulary is broken: {error.Message}", error);
        }
    }

    private static TokenizerParts SentencePiece(GgufVocabularyData vocabulary, string file)
    {
        if (vocabulary.Scores is null) throw QuireException.BadFile(file, "has no tokenizer.ggml.scores");
        if (vocabulary.RemoveExtraWhitespaces == true) throw new QuireException(ErrorKind.NotSupported, $"{file}: tokenizer.ggml.remove_extra_whitespaces is not supported");
        bool prefix = vocabulary.AddSpacePrefix ?? true;
        List<AddedToken> added = Added(vocabulary);
        Normalizer spaces = new ReplaceNormalizer(SplitPattern.Literal(" "), "▁");
        List<Decoder> decoders = [new ReplaceDecoder(SplitPattern.Literal("▁"), " "), new ByteFallbackDecoder(), new FuseDecoder()];
        if (prefix) decoders.Add(new StripDecoder(' ', 1, 0));
        return new TokenizerParts
        {
            Model = new SentencePieceModel(vocabulary.Tokens, vocabulary.Scores, vocabulary.UnknownTokenId),
            Added = new AddedVocabulary(added, null),
            Texts = new TokenTexts(vocabulary.Tokens, added, null),
            Normalizer = prefix ? new SequenceNormalizer([new PrependNormalizer("▁"), spaces]) : spaces,
            PostProcessor = Template(vocabulary, addsBos: true, file),
            Decoder = new SequenceDecoder(decoders),
        };
    }

    private static List<(string, string)> Merges(GgufVocabularyData vocabulary, string file)
    {
        if (vocabulary.Merges is null) throw QuireException.BadFile(file, "has no tokenizer.ggml.merges");
        var merges = new List<(string, string)>(vocabulary.Merges.Length);
        foreach (string merge in vocabulary.Merges)
        {
            // A token may itself begin with a space, so the one that parts the two is sought from the second character on.
            int space = merge.Length < 3 ? -1 : merge.IndexOf(' ', 1);
            if (space < 0) throw QuireException.BadFile(file, $"tokenizer.ggml.merges holds \"{merge}\", which is not two tokens");
            merges.Add((merge[..space], merge[(space + 1)..]));
        }
        return merges;
    }

    /// <summary>Tokens the file marks as control or as defined by its makers.</summary>
    public static List<AddedToken> Added(GgufVocabularyData vocabulary)
    {
        var added = new List<AddedToken>();
        for (int id = 0; id < vocabulary.TokenTypes?.Length; id++)
        {
            int type = vocabulary.TokenTypes[id];
            if (type is Control or UserDefined) added.Add(new AddedToken(id, vocabulary.Tokens[id]) { Special = type == Control });
        }
        return added;
    }

    public static TemplatePostProcessor? Template(GgufVocabularyData vocabulary, bool addsBos, string file)
    {
        foreach (int? id in new[] { vocabulary.BosTokenId, vocabulary.EosTokenId })
        {
            if (id >= vocabulary.Tokens.Length) throw QuireException.BadFile(file, $"names the special token {id} in a vocabulary of {vocabulary.Tokens.Length}");
        }
        var template = new List<int?>();
        if ((vocabulary.AddBosToken ?? addsBos) && vocabulary.BosTokenId is { } bos) template.Add(bos);
        template.Add(null);
        if (vocabulary.AddEosToken == true && vocabulary.EosTokenId is { } eos) template.Add(eos);
        return template.Count == 1 ? null : new TemplatePostProcessor(template);
    }
}
