using System.Text;

namespace Quire.Golden;

/// <summary>A vocabulary whose ids tell where a text was cut: every piece of a known text, whole, is one token.</summary>
/// <remarks>
/// Every run of a text's symbols is a token, made from what it is without its last symbol and from what it is without its first.
/// The longer the earlier in rank: so the first pair of a piece to be merged takes in its neighbours, one by one, until it is the piece.
/// One word is a token that no merge makes: it tells whether a piece that is a token is looked up whole.
/// </remarks>
internal sealed class PieceVocabulary
{
    /// <summary>A text of its own, and a token that no merge makes.</summary>
    public const string Unmergeable = "qzqz";

    public const string Begin = "<begin>", End = "<end>";

    private const int Normal = 1, Control = 3, Byte = 6;

    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly string[] tokens;
    private string[]? merges;

    /// <param name="inBytes">The symbols are bytes in GPT-2's alphabet of them; else they are characters, spaces written ▁, and no merge makes a line break.</param>
    public PieceVocabulary(IEnumerable<string> texts, bool inBytes)
    {
        InBytes = inBytes;
        if (inBytes) Enumerable.Range(0, 256).Select(value => ByteCharacter((byte)value)).ToList().ForEach(symbol => ids.Add(symbol, ids.Count));
        else Enumerable.Range(0, 256).ToList().ForEach(value => ids.Add($"<0x{value:X2}>", ids.Count));
        foreach (string text in texts) AddRuns(Symbols(text));
        ids.Add(Begin, BeginId = ids.Count);
        ids.Add(End, EndId = ids.Count);
        tokens = [.. ids.Keys];
    }

    public bool InBytes { get; }

    public int BeginId { get; }

    public int EndId { get; }

    /// <summary>By id.</summary>
    public string[] Tokens => tokens;

    /// <summary>By id, as GGUF files number them.</summary>
    public int[] Types => [.. tokens.Select((_, id) => id >= BeginId ? Control : id < 256 && !InBytes ? Byte : Normal)];

    /// <summary>In order of rank.</summary>
    public string[] Merges => merges ??=
    [
        .. tokens.Skip(256).Take(BeginId - 256).Where(token => token != Unmergeable && (InBytes || !token.Contains('\n', StringComparison.Ordinal)))
            .Select(Parts).Where(parts => parts.Length > 1).OrderByDescending(parts => parts.Length)
            .SelectMany(parts => new[] { $"{string.Concat(parts[..^1])} {parts[^1]}", $"{parts[0]} {string.Concat(parts[1..])}" }).Distinct(),
    ];

    /// <summary>How many bytes of a text the token stands for.</summary>
    public int BytesOf(int id) => !InBytes && id < 256 ? 1 : InBytes ? tokens[id].Length : Encoding.UTF8.GetByteCount(tokens[id].Replace('▁', ' '));

    private void AddRuns(string[] symbols)
    {
        for (int start = 0; start < symbols.Length; start++)
        {
            for (int end = start + 1; end <= symbols.Length; end++)
            {
                // llama.cpp reads tokens as C strings.
                if (symbols[end - 1] == "\0") break;
                ids.TryAdd(string.Concat(symbols[start..end]), ids.Count);
            }
        }
    }

    private string[] Symbols(string text) => InBytes ? [.. Encoding.UTF8.GetBytes(text).Select(ByteCharacter)] : Parts(text.Replace(' ', '▁'));

    private static string[] Parts(string token) => [.. token.EnumerateRunes().Select(rune => rune.ToString())];

    /// <summary>Printable bytes stand for themselves, the others follow from U+0100 on.</summary>
    private static string ByteCharacter(byte value)
    {
        bool Printable(int c) => c is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
        return ((char)(Printable(value) ? value : 0x100 + Enumerable.Range(0, value).Count(c => !Printable(c)))).ToString();
    }
}
