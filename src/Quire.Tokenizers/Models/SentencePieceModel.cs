using System.Text;

namespace Quire.Tokenizers;

/// <summary>SentencePiece's BPE as a GGUF file has it: no merges, but scores. Of all neighbours whose join is a token, the one with the best score joins first.</summary>
internal sealed class SentencePieceModel : TokenModel
{
    private readonly string[] tokens;
    private readonly float[] scores;
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private readonly int[] byteTokens = new int[256];
    private readonly int? unknown;

    public SentencePieceModel(string[] tokens, float[] scores, int? unknown)
    {
        this.tokens = tokens;
        this.scores = scores;
        this.unknown = unknown;
        for (int id = 0; id < tokens.Length; id++) ids.TryAdd(tokens[id], id);
        for (int value = 0; value < 256; value++) byteTokens[value] = ids.GetValueOrDefault($"<0x{value:X2}>", -1);
        lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public override IReadOnlyList<string?> Tokens => tokens;

    public override int? IdOf(string token) => ids.TryGetValue(token, out int id) ? id : null;

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids) => Encode(piece, ids, []);

    public override void Encode(ReadOnlySpan<char> piece, List<int> output, List<TextRange> ranges)
    {
        var (next, previous) = (new int[piece.Length], new int[piece.Length]);
        var length = new int[piece.Length];
        for (int i = 0, last = -1; i < piece.Length; i += length[i])
        {
            length[i] = char.IsHighSurrogate(piece[i]) && i + 1 < piece.Length ? 2 : 1;
            next[i] = i + length[i];
            previous[i] = last;
            last = i;
        }
        Join(piece, next, previous, length);
        for (int i = 0; i < piece.Length; i = next[i]) Write(piece.Slice(i, length[i]), new TextRange(i, i + length[i]), output, ranges);
    }

    private void Join(ReadOnlySpan<char> piece, int[] next, int[] previous, int[] length)
    {
        var queue = new PriorityQueue<(int Left, int Right, int Length), (float, int)>();
        for (int i = 0; i < piece.Length; i = next[i]) Offer(piece, i, next, length, queue);
        while (queue.TryDequeue(out (int Left, int Right, int Length) join, out _))
        {
            // Joins made since have changed or removed one of the two.
            if (length[join.Left] == 0 || next[join.Left] != join.Right || length[join.Left] + length[join.Right] != join.Length) continue;
            length[join.Left] = join.Length;
            length[join.Right] = 0;
            int after = next[join.Left] = next[join.Right];
            if (after < piece.Length) previous[after] = join.Left;
            Offer(piece, join.Left, next, length, queue);
            if (previous[join.Left] >= 0) Offer(piece, previous[join.Left], next, length, queue);
        }
    }

    private void Offer(ReadOnlySpan<char> piece, int left, int[] next, int[] length, PriorityQueue<(int, int, int), (float, int)> queue)
    {
        int right = next[left];
        if (right >= piece.Length) return;
        int joined = length[left] + length[right];
        if (lookup.TryGetValue(piece.Slice(left, joined), out int id)) queue.Enqueue((left, right, joined), (-scores[id], left));
    }

    private void Write(ReadOnlySpan<char> symbol, TextRange range, List<int> output, List<TextRange> ranges)
    {
        if (lookup.TryGetValue(symbol, out int id))
        {
            output.Add(id);
            ranges.Add(range);
            return;
        }
        Span<byte> bytes = stackalloc byte[4];
        foreach (byte value in bytes[..Encoding.UTF8.GetBytes(symbol, bytes)])
        {
            if ((byteTokens[value] >= 0 ? byteTokens[value] : unknown) is not { } token) continue;
            output.Add(token);
            ranges.Add(range);
        }
    }
}
