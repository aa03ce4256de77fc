using System.Text;
using Quire.Templates.Rendering;

namespace Quire.Templates.Python;

/// <summary>Python's textwrap, as the wordwrap filter calls it: each line on its own, blanks at breaks dropped.</summary>
internal static class WordWrap
{
    public static string Wrap(Run run, string text, int width, bool breakLongWords, string separator, bool breakOnHyphens)
    {
        if (width <= 0) throw Errors.Runtime($"invalid width {width} (must be > 0)");
        List<string> lines = [];
        foreach (string line in Splitting.Lines(run, text))
            lines.Add(string.Join(separator, Line(line, width, breakLongWords, breakOnHyphens)));
        run.ChargeText(text.Length + (text.Length / (long)width + 1) * separator.Length);
        return string.Join(separator, lines);
    }

    private static List<string> Line(string line, int width, bool breakLongWords, bool breakOnHyphens)
    {
        List<string> lines = [];
        var chunks = new Stack<string>(Chunks(line, breakOnHyphens).Reverse());
        while (chunks.Count > 0)
        {
            if (lines.Count > 0 && string.IsNullOrWhiteSpace(chunks.Peek()))
            {
                chunks.Pop();
                if (chunks.Count == 0) break;
            }
            var current = new StringBuilder();
            string last = "";
            while (chunks.Count > 0 && current.Length + chunks.Peek().Length <= width) current.Append(last = chunks.Pop());
            if (chunks.Count > 0 && chunks.Peek().Length > width)
            {
                string word = chunks.Pop();
                int room = Math.Max(width - current.Length, current.Length == 0 ? 1 : 0);
                if (breakLongWords)
                {
                    current.Append(last = word[..room]);
                    chunks.Push(word[room..]);
                }
                else if (current.Length == 0) current.Append(last = word);
                else chunks.Push(word);
            }
            if (string.IsNullOrWhiteSpace(last)) current.Length -= last.Length;
            if (current.Length > 0) lines.Add(current.ToString());
        }
        return lines;
    }

    /// <summary>Words and the blanks between them; a word may also break after a hyphen between letters.</summary>
    private static IEnumerable<string> Chunks(string line, bool breakOnHyphens)
    {
        int start = 0;
        for (int at = 1; at <= line.Length; at++)
        {
            bool boundary = at == line.Length || PyChar.IsSpace(line[at]) != PyChar.IsSpace(line[at - 1])
                || (breakOnHyphens && line[at - 1] == '-' && at >= 2 && char.IsLetter(line[at - 2]) && char.IsLetter(line[at]));
            if (!boundary) continue;
            yield return line[start..at];
            start = at;
        }
    }
}
