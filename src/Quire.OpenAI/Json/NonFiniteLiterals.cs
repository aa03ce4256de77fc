namespace Quire.OpenAI;

/// <summary>NaN, Infinity and -Infinity, which Python's JSON reads, put into quotes.</summary>
internal static class NonFiniteLiterals
{
    /// <summary>The quoted text, or null if there was nothing to quote.</summary>
    public static byte[]? Quote(ReadOnlyMemory<byte> body)
    {
        ReadOnlySpan<byte> text = body.Span;
        var quoted = new List<byte>(text.Length + 16);
        bool inString = false, changed = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (inString)
            {
                quoted.Add(text[i]);
                if (text[i] == '\\' && i + 1 < text.Length) quoted.Add(text[++i]);
                else if (text[i] == '"') inString = false;
                continue;
            }
            int length = text[i..].StartsWith("-Infinity"u8) ? 9 : text[i..].StartsWith("Infinity"u8) ? 8 : text[i..].StartsWith("NaN"u8) ? 3 : 0;
            if (length == 0)
            {
                inString = text[i] == '"';
                quoted.Add(text[i]);
                continue;
            }
            changed = true;
            quoted.Add((byte)'"');
            quoted.AddRange(text.Slice(i, length));
            quoted.Add((byte)'"');
            i += length - 1;
        }
        return changed ? [.. quoted] : null;
    }
}
