using System.Text;

namespace Quire.Tokenizers;

/// <summary>Writes a transformed copy of an <see cref="AlignedText"/>; each written character names the source characters it stands for.</summary>
internal sealed class AlignedTextBuilder(AlignedText source)
{
    private readonly StringBuilder text = new(source.Text.Length + 16);
    private readonly List<int>? starts = source.HasOffsets ? new(source.Text.Length + 16) : null;
    private readonly List<int>? ends = source.HasOffsets ? new(source.Text.Length + 16) : null;

    public int Length => text.Length;

    /// <summary>Writes <paramref name="written"/> in place of source units [<paramref name="start"/>, <paramref name="end"/>).</summary>
    public void Append(ReadOnlySpan<char> written, int start, int end)
    {
        text.Append(written);
        if (starts is null) return;
        (int first, int last) = Span(start, end);
        for (int i = 0; i < written.Length; i++)
        {
            starts.Add(first);
            ends!.Add(last);
        }
    }

    public void Append(char written, int start, int end)
    {
        text.Append(written);
        if (starts is null) return;
        (int first, int last) = Span(start, end);
        starts.Add(first);
        ends!.Add(last);
    }

    /// <summary>Copies source units [<paramref name="start"/>, <paramref name="end"/>) as they are.</summary>
    public void Copy(int start, int end)
    {
        text.Append(source.Text, start, end - start);
        if (starts is null) return;
        starts.AddRange(source.Starts.AsSpan(start, end - start));
        ends!.AddRange(source.Ends.AsSpan(start, end - start));
    }

    public AlignedText ToText() => new(text.ToString(), starts?.ToArray(), ends?.ToArray());

    private (int First, int Last) Span(int start, int end)
    {
        if (start < end) return (source.Starts![start], source.Ends![end - 1]);
        if (source.Text.Length == 0) return (0, 0);
        // An insertion stands for nothing; it sits where the next source character begins.
        int at = start < source.Text.Length ? source.Starts![start] : source.Ends![^1];
        return (at, at);
    }
}
