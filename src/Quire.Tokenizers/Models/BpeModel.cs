using System.Buffers;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>Byte pair encoding: symbols, one a character, merged by rank.</summary>
internal sealed class BpeModel : TokenModel
{
    private readonly Dictionary<string, int> vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private readonly string?[] tokens;
    private readonly PairTable pairs;
    private readonly BpeOptions options;
    private readonly int unknown = -1;
    private readonly int[] byteTokens = new int[256];
    private readonly int[] singles = new int[0x400];
    private readonly PieceCache cache = new();

    /// <param name="vocabulary">Id by token.</param>
    /// <param name="merges">In order of rank.</param>
    /// <exception cref="FormatException">A merge names a token that is not in the vocabulary.</exception>
    public BpeModel(Dictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges, BpeOptions options)
    {
        this.vocabulary = vocabulary;
        this.options = options;
        lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        tokens = TokenTable.ById(vocabulary);
        pairs = new PairTable(merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (string left, string right) = merges[rank];
            string merged = left + right[Math.Min(right.Length, options.ContinuingSubwordPrefix.Length)..];
            pairs.Set(Required(left), Required(right), rank, Required(merged));
        }
        if (options.UnknownToken is { } name) unknown = vocabulary.GetValueOrDefault(name, -1);
        for (int value = 0; value < 256; value++) byteTokens[value] = vocabulary.GetValueOrDefault($"<0x{value:X2}>", -1);
        for (int c = 0; c < singles.Length; c++) singles[c] = vocabulary.GetValueOrDefault(((char)c).ToString(), -1);
    }

    public override IReadOnlyList<string?> Tokens => tokens;

    public override int? IdOf(string token) => vocabulary.TryGetValue(token, out int id) ? id : null;

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (cache.TryGet(piece, out int[] known))
        {
            ids.AddRange(known);
            return;
        }
        int first = ids.Count;
        Compute(piece, ids, null);
        cache.Add(piece, ids, first);
    }

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids, List<TextRange> ranges) => Compute(piece, ids, ranges);

    private void Compute(ReadOnlySpan<char> piece, List<int> ids, List<TextRange>? ranges)
    {
        if (options.IgnoreMerges && lookup.TryGetValue(piece, out int whole))
        {
            ids.Add(whole);
            ranges?.Add(new TextRange(0, piece.Length));
            return;
        }
        // A character becomes at most four symbols: its bytes.
        int[] symbols = ArrayPool<int>.Shared.Rent(4 * piece.Length + 1);
        int[] lengths = ArrayPool<int>.Shared.Rent(4 * piece.Length + 1);
        int count = Symbols(piece, symbols, lengths);
        count = BpeMerger.Merge(pairs, symbols.AsSpan(0, count), lengths.AsSpan(0, count));
        ids.AddRange(symbols.AsSpan(0, count));
        if (ranges is not null) AddRanges(piece, lengths.AsSpan(0, count), ranges);
        ArrayPool<int>.Shared.Return(symbols);
        ArrayPool<int>.Shared.Return(lengths);
    }

    private int Symbols(ReadOnlySpan<char> piece, Span<int> symbols, Span<int> lengths)
    {
        int count = 0, unknownLength = 0;
        for (int i = 0; i < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece[i..], out Rune rune, out int consumed);
            int id = Symbol(piece.Slice(i, consumed), i == 0, i + consumed == piece.Length);
            i += consumed;
            if (id >= 0)
            {
                if (unknownLength > 0) Write(symbols, lengths, ref count, unknown, unknownLength);
                unknownLength = 0;
                Write(symbols, lengths, ref count, id, rune.Utf8SequenceLength);
            }
            else if (!options.ByteFallback || !TryBytes(rune, symbols, lengths, ref count))
            {
                if (unknown < 0) continue;
                if (unknownLength > 0 && !options.FuseUnknown)
                {
                    Write(symbols, lengths, ref count, unknown, unknownLength);
                    unknownLength = 0;
                }
                unknownLength += rune.Utf8SequenceLength;
            }
        }
        if (unknownLength > 0) Write(symbols, lengths, ref count, unknown, unknownLength);
        return count;
    }

    private int Symbol(ReadOnlySpan<char> character, bool first, bool last)
    {
        bool prefixed = !first && options.ContinuingSubwordPrefix.Length > 0, suffixed = last && options.EndOfWordSuffix.Length > 0;
        if (prefixed || suffixed)
            return vocabulary.GetValueOrDefault($"{(prefixed ? options.ContinuingSubwordPrefix : "")}{character}{(suffixed ? options.EndOfWordSuffix : "")}", -1);
        if (character[0] < singles.Length) return singles[character[0]];
        return lookup.TryGetValue(character, out int id) ? id : -1;
    }

    private bool TryBytes(Rune rune, Span<int> symbols, Span<int> lengths, ref int count)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..rune.EncodeToUtf8(bytes)];
        foreach (byte value in bytes)
        {
            if (byteTokens[value] < 0) return false;
        }
        foreach (byte value in bytes) Write(symbols, lengths, ref count, byteTokens[value], 1);
        return true;
    }

    private static void Write(Span<int> symbols, Span<int> lengths, ref int count, int id, int length)
    {
        symbols[count] = id;
        lengths[count++] = length;
    }

    /// <summary>Lengths count bytes; a token that begins or ends inside a character spans all of it.</summary>
    private static void AddRanges(ReadOnlySpan<char> piece, ReadOnlySpan<int> lengths, List<TextRange> ranges)
    {
        var characters = new List<TextRange>(2 * piece.Length);
        for (int i = 0; i < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece[i..], out Rune rune, out int consumed);
            for (int n = 0; n < rune.Utf8SequenceLength; n++) characters.Add(new TextRange(i, i + consumed));
            i += consumed;
        }
        int at = 0;
        foreach (int length in lengths)
        {
            ranges.Add(new TextRange(characters[at].Start, characters[at + length - 1].End));
            at += length;
        }
    }

    private int Required(string token) =>
        vocabulary.TryGetValue(token, out int id) ? id : throw new FormatException($"a merge names {token}, which is not in the vocabulary");
}
