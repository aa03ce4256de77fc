using System.Globalization;
using System.Text;

namespace Quire.Tokenizers;

/// <summary>From the byte alphabet to text; bytes that are not UTF-8 become U+FFFD.</summary>
internal sealed class ByteLevelDecoder : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (string token in tokens) bytes.AddRange(ByteAlphabet.Decode(token));
        return [Encoding.UTF8.GetString([.. bytes])];
    }

    public override byte[] BytesOf(string token) => ByteAlphabet.Decode(token);
}

/// <summary>Replaces every match of a pattern in every token.</summary>
internal sealed class ReplaceDecoder(SplitPattern pattern, string content) : Decoder
{
    private readonly ReplaceNormalizer replace = new(pattern, content);

    public override List<string> Decode(List<string> tokens) => tokens.ConvertAll(replace.Normalize);
}

/// <summary>Joins runs of <c>&lt;0x0A&gt;</c> tokens to text; a run that is not UTF-8 becomes one U+FFFD a byte.</summary>
internal sealed class ByteFallbackDecoder : Decoder
{
    private static readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);

    public override List<string> Decode(List<string> tokens)
    {
        var output = new List<string>(tokens.Count);
        var run = new List<byte>();
        foreach (string token in tokens)
        {
            int value = ByteOf(token);
            if (value >= 0)
            {
                run.Add((byte)value);
                continue;
            }
            Flush(run, output);
            output.Add(token);
        }
        Flush(run, output);
        return output;
    }

    public override byte[] BytesOf(string token) => ByteOf(token) is >= 0 and var value ? [(byte)value] : base.BytesOf(token);

    /// <summary>The byte a token such as <c>&lt;0x0A&gt;</c> stands for, or -1.</summary>
    public static int ByteOf(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>' &&
        byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : -1;

    private static void Flush(List<byte> run, List<string> output)
    {
        if (run.Count == 0) return;
        byte[] bytes = [.. run];
        run.Clear();
        if (System.Text.Unicode.Utf8.IsValid(bytes)) output.Add(strict.GetString(bytes));
        else output.AddRange(Enumerable.Repeat("\uFFFD", bytes.Length));
    }
}

/// <summary>Makes one piece of all.</summary>
internal sealed class FuseDecoder : Decoder
{
    public override List<string> Decode(List<string> tokens) => [string.Concat(tokens)];
}

/// <summary>Removes up to so many of one character at the ends of every token.</summary>
internal sealed class StripDecoder(char content, int start, int stop) : Decoder
{
    public override List<string> Decode(List<string> tokens) => tokens.ConvertAll(Strip);

    private string Strip(string token)
    {
        int first = 0, last = token.Length;
        while (first < start && first < last && token[first] == content) first++;
        while (token.Length - last < stop && last > first && token[last - 1] == content) last--;
        return token[first..last];
    }
}

/// <summary>Removes the character that stands for a space from the first token and makes it a space in all others.</summary>
internal sealed class MetaspaceDecoder(char replacement, bool prepends) : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        var output = new List<string>(tokens.Count);
        foreach (string token in tokens)
        {
            output.Add(output.Count == 0 && prepends
                ? token.Replace(replacement.ToString(), "", StringComparison.Ordinal)
                : token.Replace(replacement, ' '));
        }
        return output;
    }

    public override byte[] BytesOf(string token) => Encoding.UTF8.GetBytes(token.Replace(replacement, ' '));
}
