using System.Globalization;

namespace Quire.Tokenizers;

/// <summary>The script of each code point, read once from the embedded table: that of Unicode 9, which the reference has.</summary>
internal sealed class ScriptTable
{
    private static readonly Lazy<ScriptTable> shared = new(() => new ScriptTable());
    private readonly (int First, int Last, string Script)[] ranges;
    private readonly int[] firsts;

    private ScriptTable()
    {
        using Stream stream = typeof(ScriptTable).Assembly.GetManifestResourceStream("scripts.txt")!;
        using var reader = new StreamReader(stream);
        var found = new List<(int First, int Last, string Script)>();
        while (reader.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] != "#") found.AddRange(words.Skip(1).Select(range => Range(range, words[0])));
        }
        ranges = [.. found.OrderBy(range => range.First)];
        firsts = [.. ranges.Select(range => range.First)];
    }

    public static ScriptTable Shared => shared.Value;

    /// <summary>Null where the code point has no script.</summary>
    public string? Find(int codePoint)
    {
        int index = Array.BinarySearch(firsts, codePoint);
        if (index < 0) index = ~index - 1;
        return index >= 0 && codePoint <= ranges[index].Last ? ranges[index].Script : null;
    }

    private static (int First, int Last, string Script) Range(string range, string script)
    {
        string[] ends = range.Split('-');
        return (Hex(ends[0]), Hex(ends[^1]), script);
    }

    private static int Hex(string word) => int.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
