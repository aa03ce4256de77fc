using System.Buffers;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>Finds added tokens in a text, leftmost first and the longest of those that begin there.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Dictionary<(int Node, char Next), int> edges = [];
    private readonly List<AddedToken?> ends = [null];
    private readonly SearchValues<char> firstCharacters;

    /// <param name="tokens">Each with the text to match.</param>
    public AddedTokenMatcher(IEnumerable<(string Pattern, AddedToken Token)> tokens)
    {
        var firsts = new HashSet<char>();
        foreach ((string pattern, AddedToken token) in tokens)
        {
            if (pattern.Length == 0) continue;
            firsts.Add(pattern[0]);
            int node = 0;
            foreach (char c in pattern)
            {
                if (!edges.TryGetValue((node, c), out int next))
                {
                    next = ends.Count;
                    ends.Add(null);
                    edges.Add((node, c), next);
                }
                node = next;
            }
            ends[node] ??= token;
        }
        firstCharacters = SearchValues.Create([.. firsts]);
    }

    /// <summary>The text cut along its added tokens; stretches between them have no token.</summary>
    /// <param name="parseSpecial">False: special tokens in the text are text.</param>
    public List<(TextRange Range, AddedToken? Token)> Cut(string text, bool parseSpecial)
    {
        var parts = new List<(TextRange, AddedToken?)>();
        int done = 0;
        for (int at = 0; at < text.Length;)
        {
            int found = text.AsSpan(at).IndexOfAny(firstCharacters);
            if (found < 0) break;
            at += found;
            (AddedToken? token, int length) = LongestAt(text, at);
            if (token is null)
            {
                at++;
                continue;
            }
            int start = at, end = at + length;
            at = end;
            if (token.Special && !parseSpecial || token.SingleWord && !StandsAlone(text, start, end)) continue;
            while (token.StripsLeft && start > done && UnicodeClass.IsWhiteSpace(text[start - 1])) start--;
            while (token.StripsRight && end < text.Length && UnicodeClass.IsWhiteSpace(text[end])) end++;
            if (start > done) parts.Add((new TextRange(done, start), null));
            parts.Add((new TextRange(start, end), token));
            done = end;
            at = Math.Max(at, end);
        }
        if (done < text.Length) parts.Add((new TextRange(done, text.Length), null));
        return parts;
    }

    private (AddedToken? Token, int Length) LongestAt(string text, int start)
    {
        AddedToken? longest = null;
        int length = 0;
        for (int at = start, node = 0; at < text.Length && edges.TryGetValue((node, text[at]), out node); at++)
        {
            if (ends[node] is not { } token) continue;
            longest = token;
            length = at + 1 - start;
        }
        return (longest, length);
    }

    private static bool StandsAlone(string text, int start, int end)
    {
        Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out Rune before, out int beforeLength);
        Rune.DecodeFromUtf16(text.AsSpan(end), out Rune after, out int afterLength);
        return (beforeLength == 0 || !UnicodeClass.IsWord(before.Value)) && (afterLength == 0 || !UnicodeClass.IsWord(after.Value));
    }
}
