namespace Quire.Tokenizers;

/// <summary>Joins words with spaces and continuations without, and closes up punctuation if asked.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleanup) : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        var output = new List<string>(tokens.Count);
        foreach (string token in tokens)
        {
            string text = output.Count == 0 ? token : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            output.Add(cleanup ? Cleanup(text) : text);
        }
        return output;
    }

    public override byte[] BytesOf(string token) => base.BytesOf(token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : token);

    /// <summary>Undoes the spaces that splitting put before punctuation and English contractions.</summary>
    public static string Cleanup(string text) => text.Replace(" .", ".", StringComparison.Ordinal).Replace(" ?", "?", StringComparison.Ordinal)
        .Replace(" !", "!", StringComparison.Ordinal).Replace(" ,", ",", StringComparison.Ordinal).Replace(" ' ", "'", StringComparison.Ordinal)
        .Replace(" n't", "n't", StringComparison.Ordinal).Replace(" 'm", "'m", StringComparison.Ordinal).Replace(" do not", " don't", StringComparison.Ordinal)
        .Replace(" 's", "'s", StringComparison.Ordinal).Replace(" 've", "'ve", StringComparison.Ordinal).Replace(" 're", "'re", StringComparison.Ordinal);
}

/// <summary>Makes the mark at the end of a word a space, and nothing at the end of the text.</summary>
internal sealed class SuffixDecoder(string suffix) : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        var output = new List<string>(tokens.Count);
        for (int i = 0; i < tokens.Count; i++) output.Add(suffix.Length == 0 ? tokens[i] : tokens[i].Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal));
        return output;
    }
}

/// <summary>Speech recognition's rule: repeated tokens count once, padding not at all.</summary>
internal sealed class CtcDecoder(string padding, string wordDelimiter, bool cleanup) : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        var output = new List<string>(tokens.Count);
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i > 0 && tokens[i] == tokens[i - 1]) continue;
            string text = padding.Length == 0 ? tokens[i] : tokens[i].Replace(padding, "", StringComparison.Ordinal);
            if (cleanup) text = WordPieceDecoder.Cleanup(text).Replace(wordDelimiter, " ", StringComparison.Ordinal);
            if (text.Length > 0) output.Add(text);
        }
        return output;
    }
}
