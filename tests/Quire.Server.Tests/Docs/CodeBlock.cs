using Quire.Golden;

namespace Quire.Server.Tests.Docs;

/// <summary>A fenced block of README or docs: what its opening line says, and its lines.</summary>
internal sealed record CodeBlock(string File, int Line, string Info, string Text)
{
    public bool IsExempt => Info.Contains("no-run: ", StringComparison.Ordinal) && Info.Split("no-run: ")[1].Length > 5;

    public static IReadOnlyList<CodeBlock> All { get; } = [.. Files().SelectMany(Read)];

    private static IEnumerable<string> Files() =>
        Directory.GetFiles(GoldenFolder.Repository, "*.md").Concat(Directory.GetFiles(Path.Combine(GoldenFolder.Repository, "docs"), "*.md", SearchOption.AllDirectories)).Order();

    private static IEnumerable<CodeBlock> Read(string path)
    {
        string[] lines = System.IO.File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal)) continue;
            int end = Array.FindIndex(lines, i + 1, line => line.StartsWith("```", StringComparison.Ordinal));
            yield return new CodeBlock(Path.GetRelativePath(GoldenFolder.Repository, path), i + 1, lines[i][3..].Trim(), string.Join('\n', lines[(i + 1)..end]));
            i = end;
        }
    }
}
