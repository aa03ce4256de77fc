using System.Text;
using Quire.Formats;

namespace Quire.Tokenizers;

/// <summary>Text to token ids and back, exactly as the model's own tokenizer does it. Any number of threads may use one at once.</summary>
public sealed class Tokenizer
{
    private readonly TokenizerParts parts;
    private readonly TokenBytesTable bytes;

    internal Tokenizer(TokenizerParts parts)
    {
        this.parts = parts;
        bytes = new TokenBytesTable(parts.Texts, parts.Decoder);
    }

    /// <summary>Reads a Hugging Face <c>tokenizer.json</c>.</summary>
    /// <exception cref="QuireException">The file is missing or broken, or asks for something this build does not know.</exception>
    public static Tokenizer FromFile(string tokenizerJson) => new(TokenizerJson.Read(tokenizerJson));

    /// <summary>Builds the tokenizer a GGUF file describes.</summary>
    /// <param name="file">For messages.</param>
    /// <exception cref="QuireException">The vocabulary is broken, or of a kind this build does not know.</exception>
    public static Tokenizer FromGguf(GgufVocabularyData vocabulary, string file) => new(GgufTokenizer.Read(vocabulary, file));

    /// <summary>One more than the largest id.</summary>
    public int VocabularySize => parts.Texts.Count;

    /// <summary>The id of a token by its text in the vocabulary, or null.</summary>
    public int? TokenToId(string token) => parts.Added.Find(token)?.Id ?? parts.Model.IdOf(token);

    /// <summary>The vocabulary's text of <paramref name="id"/>, in whatever alphabet the vocabulary has; empty for an unused id.</summary>
    public string TokenText(int id) => parts.Texts.TextOf(id);

    /// <summary>The bytes <paramref name="id"/> stands for inside a text: a whole character, several, or part of one; empty for an unused id.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => bytes.Of(id);

    /// <summary>True for tokens that control rather than say something, such as the end of a turn.</summary>
    public bool IsSpecial(int id) => parts.Added.Find(id) is { Special: true };

    /// <summary>True for tokens that are matched in the text before all others, special or not.</summary>
    public bool IsAdded(int id) => parts.Added.Find(id) is not null;

    /// <summary>False for ids that no token has.</summary>
    internal bool HasText(int id) => parts.Texts.Find(id) is not null;

    /// <summary>Decoding is joining <see cref="TokenBytes"/> and reading them as UTF-8.</summary>
    internal bool DecodesToBytes => parts.Decoder is ByteLevelDecoder;

    /// <summary>The ids of <paramref name="text"/>.</summary>
    /// <param name="addSpecialTokens">With the special tokens the model expects around a text, such as one that begins it.</param>
    /// <param name="parseSpecialTokens">False: what looks like a special token in <paramref name="text"/> is text, as it must be where users wrote it.</param>
    public int[] Encode(string text, bool addSpecialTokens, bool parseSpecialTokens = true) =>
        [.. Run(text, addSpecialTokens, parseSpecialTokens, withOffsets: false).Ids];

    /// <summary>The ids of <paramref name="text"/>, of which so many are left out that with the special tokens there are at most <paramref name="maxTokens"/>.</summary>
    /// <param name="fromStart">Those at the text's beginning are left out, not those at its end.</param>
    public int[] EncodeUpTo(int maxTokens, string text, bool addSpecialTokens, bool fromStart = false)
    {
        TokenRun run = Collect(text, parseSpecialTokens: true, withOffsets: false), special = new(withOffsets: false);
        parts.PostProcessor?.Process(special, addSpecialTokens);
        int kept = Math.Clamp(maxTokens - special.Ids.Count, 0, run.Ids.Count);
        run.Ids = fromStart ? run.Ids[^kept..] : run.Ids[..kept];
        parts.PostProcessor?.Process(run, addSpecialTokens);
        return [.. run.Ids];
    }

    /// <summary>The ids of two texts as one input, with the special tokens between them, and the type of each: which text a model that compares texts takes it for.</summary>
    /// <param name="maxTokens">The longer text loses its end until all are at most so many; then both do, to the same length.</param>
    public (int[] Ids, int[] TypeIds) EncodePair(string first, string second, bool addSpecialTokens, bool parseSpecialTokens = true, int maxTokens = int.MaxValue)
    {
        int[][] texts = [Encode(first, addSpecialTokens: false, parseSpecialTokens), Encode(second, addSpecialTokens: false, parseSpecialTokens)];
        IReadOnlyList<PairPart> template = (addSpecialTokens ? parts.PostProcessor?.Pair : null) ?? [new PairPart(null, false, 0), new PairPart(null, true, 1)];
        TruncateLongest(texts, Math.Max(0, maxTokens - template.Count(part => part.Id is not null)));
        var ids = new List<int>(texts[0].Length + texts[1].Length + template.Count);
        var types = new List<int>(ids.Capacity);
        foreach (PairPart part in template)
        {
            if (part.Id is { } id) ids.Add(id);
            else ids.AddRange(texts[part.IsSecond ? 1 : 0]);
            types.AddRange(Enumerable.Repeat(part.TypeId, ids.Count - types.Count));
        }
        return ([.. ids], [.. types]);
    }

    /// <summary>The ids of <paramref name="text"/> and, for each, the code points of <paramref name="text"/> it stands for; (0, 0) for tokens that stand for none.</summary>
    /// <remarks>Code points, not UTF-16 units. The tokens of one character that takes several share its span.</remarks>
    public (int[] Ids, (int Start, int End)[] Offsets) EncodeWithOffsets(string text, bool addSpecialTokens, bool parseSpecialTokens = true)
    {
        TokenRun run = Run(text, addSpecialTokens, parseSpecialTokens, withOffsets: true);
        return ([.. run.Ids], [.. run.Offsets!.Select(range => (range.Start, range.End))]);
    }

    /// <summary>The text of <paramref name="ids"/>; ids outside the vocabulary are left out, bytes that are not UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        if (parts.Decoder is ByteLevelDecoder) return DecodeBytes(ids, skipSpecialTokens);
        var tokens = new List<string>(ids.Length);
        foreach (int id in ids)
        {
            if (parts.Texts.Find(id) is { } token && !(skipSpecialTokens && IsSpecial(id))) tokens.Add(token);
        }
        return parts.Decoder is null ? string.Join(' ', tokens) : string.Concat(parts.Decoder.Decode(tokens));
    }

    private string DecodeBytes(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var text = new ArrayBuffer();
        foreach (int id in ids)
        {
            if (!(skipSpecialTokens && IsSpecial(id))) text.Append(bytes.Of(id));
        }
        return Encoding.UTF8.GetString(text.Written);
    }

    // The rule of Hugging Face's tokenizers, "longest first".
    private static void TruncateLongest(int[][] texts, int total)
    {
        int shorter = texts[0].Length <= texts[1].Length ? 0 : 1;
        int least = texts[shorter].Length, most = texts[1 - shorter].Length;
        if ((long)least + most <= total) return;
        most = least > total ? least : Math.Max(least, total - least);
        if ((long)least + most > total) (least, most) = (total / 2, total - (total / 2));
        texts[shorter] = texts[shorter][..least];
        texts[1 - shorter] = texts[1 - shorter][..most];
    }

    private TokenRun Run(string text, bool addSpecialTokens, bool parseSpecialTokens, bool withOffsets)
    {
        TokenRun run = Collect(text, parseSpecialTokens, withOffsets);
        parts.PostProcessor?.Process(run, addSpecialTokens);
        return run;
    }

    private TokenRun Collect(string text, bool parseSpecialTokens, bool withOffsets)
    {
        var run = new TokenRun(withOffsets);
        AlignedText original = AlignedText.Original(text, withOffsets);
        foreach ((TextRange range, AddedToken? token) in parts.Added.CutRaw(original.Text, parseSpecialTokens))
        {
            AlignedText part = original.Slice(range.Start, range.Length);
            if (token is null) EncodeRaw(part, range.Start == 0, parseSpecialTokens, run);
            else Add(token, part, run);
        }
        return run;
    }

    private void EncodeRaw(AlignedText raw, bool startsText, bool parseSpecialTokens, TokenRun run)
    {
        AlignedText normalized = parts.Normalizer?.Normalize(raw) ?? raw;
        foreach ((TextRange range, AddedToken? token) in parts.Added.CutNormalized(normalized.Text, parseSpecialTokens))
        {
            AlignedText part = normalized.Slice(range.Start, range.Length);
            if (token is null) EncodeText(part, startsText && range.Start == 0, run);
            else Add(token, part, run);
        }
    }

    private static void Add(AddedToken token, AlignedText part, TokenRun run)
    {
        run.Ids.Add(token.Id);
        run.Offsets?.Add(new TextRange(part.Starts![0], part.Ends![^1]));
    }

    private void EncodeText(AlignedText text, bool startsText, TokenRun run)
    {
        var tokens = new PreTokens(text, [new TextRange(0, text.Text.Length)]);
        if (parts.PreTokenizer is not null) tokens = parts.PreTokenizer.Split(tokens, startsText);
        foreach (TextRange piece in tokens.Pieces)
        {
            ReadOnlySpan<char> characters = tokens.Text.Text.AsSpan(piece.Start, piece.Length);
            if (run.Offsets is null) parts.Model.Encode(characters, run.Ids);
            else EncodeWithOffsets(tokens.Text, piece, characters, run);
        }
    }

    private void EncodeWithOffsets(AlignedText text, TextRange piece, ReadOnlySpan<char> characters, TokenRun run)
    {
        var ranges = new List<TextRange>();
        parts.Model.Encode(characters, run.Ids, ranges);
        foreach (TextRange range in ranges)
            run.Offsets!.Add(new TextRange(text.Starts![piece.Start + range.Start], text.Ends![piece.Start + range.End - 1]));
    }
}
