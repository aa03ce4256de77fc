using System.Text;

namespace Quire.Tokenizers;

/// <summary>The most probable way to cut a piece into tokens, each with a log-probability of its own.</summary>
internal sealed class UnigramModel : TokenModel
{
    private const double UnknownPenalty = 10;

    private readonly string?[] tokens;
    private readonly double[] scores;
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Node, char Next), int> edges = [];
    private readonly List<int> ends = [-1];
    private readonly int? unknown;
    private readonly bool byteFallback;
    private readonly double unknownScore;
    private readonly int[] byteTokens = new int[256];

    public UnigramModel(IReadOnlyList<(string Token, double Score)> vocabulary, int? unknown, bool byteFallback)
    {
        tokens = [.. vocabulary.Select(entry => entry.Token)];
        scores = [.. vocabulary.Select(entry => entry.Score)];
        this.unknown = unknown;
        this.byteFallback = byteFallback;
        unknownScore = (scores.Length == 0 ? 0 : scores.Min()) - UnknownPenalty;
        for (int id = 0; id < vocabulary.Count; id++) Add(vocabulary[id].Token, id);
        for (int value = 0; value < 256; value++) byteTokens[value] = ids.GetValueOrDefault($"<0x{value:X2}>", -1);
    }

    public override IReadOnlyList<string?> Tokens => tokens;

    public override int? IdOf(string token) => ids.TryGetValue(token, out int id) ? id : null;

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids) => Encode(piece, ids, []);

    public override void Encode(ReadOnlySpan<char> piece, List<int> output, List<TextRange> ranges)
    {
        Node[] best = BestPaths(piece);
        var parts = new Stack<TextRange>();
        bool fusing = false;
        for (int end = piece.Length; end > 0; end = best[end].Start)
        {
            // Unknown neighbours are one unknown token.
            bool isUnknown = unknown is not null && best[end].Id == unknown;
            if (isUnknown && fusing) parts.Push(new TextRange(best[end].Start, parts.Pop().End));
            else parts.Push(new TextRange(best[end].Start, end));
            fusing = isUnknown;
        }
        foreach (TextRange part in parts) Write(piece[part.Start..part.End], part, output, ranges);
    }

    private void Write(ReadOnlySpan<char> text, TextRange part, List<int> output, List<TextRange> ranges)
    {
        if (ids.TryGetValue(text.ToString(), out int id))
        {
            output.Add(id);
            ranges.Add(part);
            return;
        }
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToArray());
        if (byteFallback && bytes.All(value => byteTokens[value] >= 0))
        {
            foreach (byte value in bytes)
            {
                output.Add(byteTokens[value]);
                ranges.Add(part);
            }
        }
        else if (unknown is { } unknownId)
        {
            output.Add(unknownId);
            ranges.Add(part);
        }
    }

    private Node[] BestPaths(ReadOnlySpan<char> piece)
    {
        var best = new Node[piece.Length + 1];
        for (int i = 1; i < best.Length; i++) best[i].Start = -1;
        for (int start = 0; start < piece.Length;)
        {
            int length = char.IsHighSurrogate(piece[start]) && start + 1 < piece.Length ? 2 : 1;
            bool single = false;
            for (int at = start, node = 0; at < piece.Length && edges.TryGetValue((node, piece[at]), out node); at++)
            {
                if (ends[node] is not (>= 0 and var id)) continue;
                Offer(ref best[at + 1], start, id, best[start].Score + scores[id]);
                single |= at + 1 - start == length;
            }
            if (!single) Offer(ref best[start + length], start, unknown ?? -1, best[start].Score + unknownScore);
            start += length;
        }
        return best;
    }

    private static void Offer(ref Node node, int start, int id, double score)
    {
        if (node.Start < 0 || score > node.Score) node = new Node { Start = start, Id = id, Score = score };
    }

    private void Add(string token, int id)
    {
        ids[token] = id;
        if (token.Length == 0) return;
        int node = 0;
        foreach (char c in token)
        {
            if (!edges.TryGetValue((node, c), out int next))
            {
                next = ends.Count;
                ends.Add(-1);
                edges.Add((node, c), next);
            }
            node = next;
        }
        ends[node] = id;
    }

    private struct Node
    {
        public int Start;
        public int Id;
        public double Score;
    }
}
