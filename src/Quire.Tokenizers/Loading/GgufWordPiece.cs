using Quire.Formats;

namespace Quire.Tokenizers;

/// <summary>Builds BERT's tokenizer from a GGUF vocabulary, which marks the beginnings of words where BERT's own marks the continuations.</summary>
internal static class GgufWordPiece
{
    private const char WordStart = '▁';
    private const string Continuation = "##";
    private const int LongestWord = 100;

    public static TokenizerParts Read(GgufVocabularyData vocabulary, string file)
    {
        List<AddedToken> added = GgufTokenizer.Added(vocabulary);
        var whole = added.Select(token => token.Id).ToHashSet();
        if (vocabulary.UnknownTokenId is { } unknownId) whole.Add(unknownId);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Tokens.Length; id++) ids.TryAdd(Original(vocabulary.Tokens[id], whole.Contains(id)), id);
        string unknown = vocabulary.UnknownTokenId is { } known && known < vocabulary.Tokens.Length ? vocabulary.Tokens[known] : "[UNK]";
        if (!ids.ContainsKey(unknown)) throw QuireException.BadFile(file, $"its vocabulary has no {unknown}");
        var model = new WordPieceModel(ids, unknown, Continuation, LongestWord);
        return new TokenizerParts
        {
            Model = model,
            Added = new AddedVocabulary(added, null),
            Texts = new TokenTexts(model.Tokens, added, null),
            Normalizer = NormalizerConfig.Bert(clean: true, spacesIdeographs: true, stripsAccents: true, lowercase: true),
            PreTokenizer = PreTokenizerConfig.Bert(),
            PostProcessor = Template(vocabulary, ids),
            Decoder = new WordPieceDecoder(Continuation, cleanup: true),
        };
    }

    private static string Original(string token, bool whole) => whole ? token : token.StartsWith(WordStart) ? token[1..] : Continuation + token;

    private static TemplatePostProcessor Template(GgufVocabularyData vocabulary, Dictionary<string, int> ids)
    {
        int? first = vocabulary.BosTokenId ?? (ids.TryGetValue("[CLS]", out int cls) ? cls : null);
        int? last = ids.TryGetValue("[SEP]", out int sep) ? sep : vocabulary.EosTokenId;
        var template = new List<int?>();
        if (first is not null && vocabulary.AddBosToken != false) template.Add(first);
        template.Add(null);
        if (last is not null && vocabulary.AddEosToken != false) template.Add(last);
        return new TemplatePostProcessor(template);
    }
}
