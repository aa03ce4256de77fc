using System.Text.Json;

namespace Quire.Tokenizers;

/// <summary>Reads <c>tokenizer.json</c>. What it asks for and we do not know is refused, never skipped.</summary>
internal static class TokenizerJson
{
    public static TokenizerParts Read(string file)
    {
        using JsonDocument document = Parse(file);
        var root = new JsonConfig(document.RootElement, file, "the tokenizer");
        if (root.Has("truncation")) throw root.NotSupported("truncation");
        if (root.Has("padding")) throw root.NotSupported("padding");
        TokenModel model = Model(root.Object("model"));
        Normalizer? normalizer = root.Has("normalizer") ? NormalizerConfig.Read(root.Object("normalizer")) : null;
        List<AddedToken> added = root.Has("added_tokens") ? [.. root.Objects("added_tokens").Select(token => Added(token, model))] : [];
        var table = new TokenTexts(model.Tokens, added, normalizer);
        return new TokenizerParts
        {
            Model = model,
            Added = new AddedVocabulary(added, normalizer),
            Texts = table,
            Normalizer = normalizer,
            PreTokenizer = root.Has("pre_tokenizer") ? PreTokenizerConfig.Read(root.Object("pre_tokenizer")) : null,
            PostProcessor = root.Has("post_processor") ? new PostProcessorConfig(table.TextOf).Read(root.Object("post_processor")) : null,
            Decoder = root.Has("decoder") ? DecoderConfig.Read(root.Object("decoder")) : null,
        };
    }

    private static JsonDocument Parse(string file)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(file));
        }
        catch (JsonException error)
        {
            throw QuireException.BadFile(file, $"is not JSON: {error.Message}", error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QuireException(ErrorKind.NotFound, $"{file} does not exist", inner: error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw QuireException.BadFile(file, error.Message, error);
        }
    }

    private static TokenModel Model(JsonConfig config) => config.Type switch
    {
        "BPE" => BpeConfig.Read(config),
        "WordLevel" => new WordLevelModel(BpeConfig.Vocabulary(config), config.String("unk_token")),
        "WordPiece" => new WordPieceModel(BpeConfig.Vocabulary(config), config.String("unk_token"),
            config.OptionalString("continuing_subword_prefix") ?? "##", config.Has("max_input_chars_per_word") ? config.Int("max_input_chars_per_word") : 100),
        "Unigram" => UnigramConfig.Read(config),
        // Files of before 2020 leave the type out; merges give BPE away.
        "" when config.Has("merges") => BpeConfig.Read(config),
        var other => throw config.NotSupported($"the type \"{other}\""),
    };

    private static AddedToken Added(JsonConfig config, TokenModel model)
    {
        string content = config.String("content");
        int id = model.IdOf(content) ?? config.Int("id");
        if (id < 0 || id > model.Tokens.Count + (1 << 20)) throw config.Bad($"gives {content} the id {id}");
        bool special = config.Bool("special", false);
        return new AddedToken(id, content)
        {
            Special = special,
            Normalized = config.Bool("normalized", !special),
            StripsLeft = config.Bool("lstrip", false),
            StripsRight = config.Bool("rstrip", false),
            SingleWord = config.Bool("single_word", false),
        };
    }
}
