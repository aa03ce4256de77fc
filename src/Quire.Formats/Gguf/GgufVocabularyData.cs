namespace Quire.Formats;

/// <summary>The tokenizer inside a GGUF file, as plain arrays under the meaning of its <c>tokenizer.ggml.*</c> keys.</summary>
public sealed record GgufVocabularyData
{
    /// <summary><c>llama</c> (SentencePiece with scores), <c>gpt2</c> (byte-level BPE with merges), <c>bert</c>, <c>t5</c>, ...</summary>
    public required string Model { get; init; }

    /// <summary>The name of the pre-tokenizer, or null.</summary>
    public string? Pre { get; init; }

    /// <summary>By id.</summary>
    public required string[] Tokens { get; init; }

    /// <summary>By id; null where the model has none.</summary>
    public float[]? Scores { get; init; }

    /// <summary>By id: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte; null where the file does not say.</summary>
    public int[]? TokenTypes { get; init; }

    /// <summary>In order of rank, two tokens with a space between; null where the model has none.</summary>
    public string[]? Merges { get; init; }

    public int? BosTokenId { get; init; }

    public int? EosTokenId { get; init; }

    public int? EotTokenId { get; init; }

    public int? UnknownTokenId { get; init; }

    public int? PaddingTokenId { get; init; }

    public bool? AddBosToken { get; init; }

    public bool? AddEosToken { get; init; }

    public bool? AddSpacePrefix { get; init; }

    public bool? RemoveExtraWhitespaces { get; init; }

    /// <summary>SentencePiece's compiled table of replacements; null where the model has none.</summary>
    public byte[]? CharacterMap { get; init; }

    /// <summary>Null where the file has no tokenizer.</summary>
    /// <exception cref="QuireException">Arrays of different lengths, or keys of the wrong type.</exception>
    public static GgufVocabularyData? Read(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        if (metadata.OptionalString("tokenizer.ggml.model") is not { } model || metadata.OptionalArray("tokenizer.ggml.tokens") is not { } tokens) return null;
        var vocabulary = new GgufVocabularyData
        {
            Model = model,
            Pre = metadata.OptionalString("tokenizer.ggml.pre"),
            Tokens = tokens.ToStrings(),
            Scores = metadata.OptionalArray("tokenizer.ggml.scores") is { } scores ? [.. scores.ToNumbers().Select(score => (float)score)] : null,
            TokenTypes = metadata.OptionalArray("tokenizer.ggml.token_type") is { } types ? [.. types.ToIntegers().Select(type => (int)type)] : null,
            Merges = metadata.OptionalArray("tokenizer.ggml.merges")?.ToStrings(),
            BosTokenId = metadata.OptionalCount("tokenizer.ggml.bos_token_id"),
            EosTokenId = metadata.OptionalCount("tokenizer.ggml.eos_token_id"),
            EotTokenId = metadata.OptionalCount("tokenizer.ggml.eot_token_id"),
            UnknownTokenId = metadata.OptionalCount("tokenizer.ggml.unknown_token_id"),
            PaddingTokenId = metadata.OptionalCount("tokenizer.ggml.padding_token_id"),
            AddBosToken = metadata.OptionalBool("tokenizer.ggml.add_bos_token"),
            AddEosToken = metadata.OptionalBool("tokenizer.ggml.add_eos_token"),
            AddSpacePrefix = metadata.OptionalBool("tokenizer.ggml.add_space_prefix"),
            CharacterMap = metadata.OptionalArray("tokenizer.ggml.precompiled_charsmap") is { } map ? [.. map.ToIntegers().Select(value => (byte)value)] : null,
            RemoveExtraWhitespaces = metadata.OptionalBool("tokenizer.ggml.remove_extra_whitespaces"),
        };
        vocabulary.CheckLengths(file.Path);
        return vocabulary;
    }

    private void CheckLengths(string file)
    {
        int count = Tokens.Length;
        if (Scores is not null && Scores.Length != count)
            throw QuireException.BadFile(file, $"tokenizer.ggml.scores has {Scores.Length} entries for {count} tokens");
        if (TokenTypes is not null && TokenTypes.Length != count)
            throw QuireException.BadFile(file, $"tokenizer.ggml.token_type has {TokenTypes.Length} entries for {count} tokens");
    }
}
