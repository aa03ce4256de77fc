namespace Quire.Tokenizers;

/// <summary>What a token added to a stream: text that may go out, and the stop string that ends it.</summary>
/// <param name="StopString">Null while none has come.</param>
public readonly record struct ReleasedText(string Text, string? StopString);

/// <summary>Looks for stop strings in the text of a stream and holds back what may turn out to begin one. For one stream, one thread.</summary>
/// <remarks>
/// Without stop strings, or when they stay in the output, nothing is held back. Else as many characters (code points) as the longest stop string has, less one,
/// stay until <see cref="Finish"/>. Of several stop strings the one that is complete first wins, then the first of the list.
/// </remarks>
public sealed class StopStringFilter
{
    private readonly string[] stops;
    private readonly bool includeStopString;
    private readonly int minTokens;
    private readonly int heldCharacters;
    private readonly int longestStop;
    private string text = "";
    private int released;
    private int tokens;

    /// <param name="stopStrings">Not empty each.</param>
    /// <param name="includeStopString">The stop string itself is part of the output.</param>
    /// <param name="minTokens">Stop strings that are complete within this many tokens do not count.</param>
    public StopStringFilter(IEnumerable<string> stopStrings, bool includeStopString = false, int minTokens = 0)
    {
        stops = [.. stopStrings.Where(stop => stop.Length > 0)];
        this.includeStopString = includeStopString;
        this.minTokens = minTokens;
        longestStop = stops.Length == 0 ? 0 : stops.Max(stop => stop.Length);
        heldCharacters = stops.Length == 0 || includeStopString ? 0 : stops.Max(stop => stop.EnumerateRunes().Count()) - 1;
    }

    /// <summary>Takes the text of one token.</summary>
    public ReleasedText Append(string delta)
    {
        tokens++;
        int before = text.Length;
        text += delta;
        string? stop = tokens > minTokens && delta.Length > 0 ? Search(before) : null;
        return new ReleasedText(Release(text.Length - HeldUnits()), stop);
    }

    /// <summary>Returns what was held back; the stream has ended.</summary>
    public string Finish() => Release(text.Length);

    private string? Search(int before)
    {
        string? found = null;
        int start = -1;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, Math.Max(0, before + 1 - stop.Length), StringComparison.Ordinal);
            if (at < 0 || found is not null && at + stop.Length >= start + found.Length) continue;
            found = stop;
            start = at;
        }
        if (found is not null) text = text[..(includeStopString ? start + found.Length : start)];
        return found;
    }

    private int HeldUnits()
    {
        int at = text.Length;
        for (int i = 0; i < heldCharacters && at > 0; i++) at -= at > 1 && char.IsSurrogatePair(text[at - 2], text[at - 1]) ? 2 : 1;
        return text.Length - at;
    }

    private string Release(int end)
    {
        if (end <= released) return "";
        string release = text[released..end];
        // What is out stays only as far back as a stop string that is still to come may begin.
        int forget = Math.Max(0, Math.Min(end, text.Length - longestStop));
        text = text[forget..];
        released = end - forget;
        return release;
    }
}
