using System.Globalization;

namespace Quire.Tokenizers;

/// <summary>Decompositions, compositions and combining classes of Unicode, read once from the embedded table.</summary>
internal sealed class NormalizationTables
{
    private static readonly Lazy<NormalizationTables> shared = new(() => new NormalizationTables());
    private readonly Dictionary<int, int[]> canonical = [];
    private readonly Dictionary<int, int[]> compatibility = [];
    private readonly Dictionary<long, int> pairs = [];
    private readonly Dictionary<int, byte> classes = [];

    private NormalizationTables()
    {
        using Stream stream = typeof(NormalizationTables).Assembly.GetManifestResourceStream("normalization.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] == "M") ReadClass(words);
            else if (words[0] != "#") ReadDecomposition(words);
        }
    }

    public static NormalizationTables Shared => shared.Value;

    public byte CombiningClass(int codePoint) => codePoint < 0x300 ? (byte)0 : classes.GetValueOrDefault(codePoint);

    /// <summary>One step of decomposition, or null.</summary>
    public int[]? Decomposition(int codePoint, bool compatible) =>
        canonical.TryGetValue(codePoint, out int[]? parts) || compatible && compatibility.TryGetValue(codePoint, out parts) ? parts : null;

    /// <summary>The primary composite of two characters, or -1.</summary>
    public int Compose(int first, int second) => pairs.TryGetValue((long)first << 32 | (uint)second, out int composite) ? composite : -1;

    private void ReadDecomposition(string[] words)
    {
        int codePoint = Hex(words[1]);
        int[] parts = [.. words.Skip(2).Select(word => Hex(word))];
        (words[0] == "K" ? compatibility : canonical)[codePoint] = parts;
        if (words[0] == "C") pairs[(long)parts[0] << 32 | (uint)parts[1]] = codePoint;
    }

    private void ReadClass(string[] words)
    {
        byte combiningClass = byte.Parse(words[1], CultureInfo.InvariantCulture);
        foreach (string range in words.Skip(2))
        {
            int dash = range.IndexOf('-', StringComparison.Ordinal);
            int first = Hex(dash < 0 ? range : range[..dash]);
            int last = dash < 0 ? first : Hex(range[(dash + 1)..]);
            for (int codePoint = first; codePoint <= last; codePoint++) classes[codePoint] = combiningClass;
        }
    }

    private static int Hex(string word) => int.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
