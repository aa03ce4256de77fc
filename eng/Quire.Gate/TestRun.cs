using System.Diagnostics;

namespace Quire.Gate;

/// <summary>Which tests run, and how their results are summed up.</summary>
internal sealed class TestRun
{
    private readonly string[] projects;
    private readonly string[] filter;
    private readonly string[]? folders;

    private TestRun(string[] projects, string[] filter, string[]? folders) => (this.projects, this.filter, this.folders) = (projects, filter, folders);

    /// <summary>Everything; without <paramref name="all"/> not what is marked as long.</summary>
    public static TestRun Gate(bool all) =>
        new(["Quire.Tests", "Quire.Conformance", "Quire.Server.Tests"], all ? [] : ["--filter-not-trait", "run=long"], null);

    /// <summary>Only tests that compare with golden data, one summary line a folder.</summary>
    public static TestRun Golden(string[] folders) =>
        new(["Quire.Conformance", "Quire.Server.Tests"], [.. (folders.Length == 0 ? ["*"] : folders).SelectMany(folder => new[] { "--filter-trait", $"golden={folder}" })], folders);

    public async Task<int> Execute(string artifacts)
    {
        string results = Directory.CreateTempSubdirectory("quire-tests-").FullName;
        List<TestResult> tests = [];
        bool isBroken = false;
        foreach (string project in projects)
        {
            string program = Path.Combine(artifacts, "bin", project, "release", project);
            if (!File.Exists(program)) continue;
            string report = Path.Combine(results, project + ".xml");
            int code = await Run(program, [.. filter, "--ignore-exit-code", "8", "--no-progress", "--report-xunit-xml", "--report-xunit-xml-filename", project + ".xml", "--results-directory", results]);
            if (File.Exists(report))
            {
                TestResult[] read = [.. TestResult.Read(report)];
                tests.AddRange(read);
                isBroken |= code != 0 && !read.Any(t => t.Outcome == "Fail");
            }
            else if (code != 0)
            {
                Console.WriteLine($"{project} ended with exit code {code} and left no report.");
                isBroken = true;
            }
        }
        Directory.Delete(results, recursive: true);
        Summarise(tests);
        return isBroken || tests.Any(t => t.Outcome == "Fail") ? 1 : 0;
    }

    private void Summarise(List<TestResult> tests)
    {
        Console.WriteLine();
        foreach (TestResult test in tests.Where(t => t.Outcome == "Fail")) Console.WriteLine($"failed: {test.Name}");
        if (folders is null)
        {
            foreach (var group in tests.Where(t => t.Outcome == "Skip").GroupBy(t => t.SkipKind).OrderByDescending(g => g.Count()))
                Console.WriteLine($"skipped {group.Count()}: {group.Key}");
            Console.WriteLine(Line(tests));
            return;
        }
        foreach (var folder in tests.SelectMany(t => t.GoldenFolders.Select(f => (Folder: f, Test: t))).GroupBy(p => p.Folder, p => p.Test).OrderBy(g => g.Key))
        {
            string reasons = string.Join("; ", folder.Where(t => t.Outcome == "Skip").GroupBy(t => t.Reason).Select(g => g.Count() == 1 ? g.Key : $"{g.Key} ({g.Count()})"));
            Console.WriteLine($"{folder.Key}: {Line(folder)}{(reasons.Length > 0 ? $" ({reasons})" : "")}");
        }
        foreach (string asked in folders.Where(asked => tests.All(t => !t.GoldenFolders.Contains(asked)))) Console.WriteLine($"{asked}: 0 passed, 0 failed, 0 skipped (no tests)");
    }

    private static string Line(IEnumerable<TestResult> tests)
    {
        ILookup<string, TestResult> byOutcome = tests.ToLookup(t => t.Outcome);
        return $"{byOutcome["Pass"].Count()} passed, {byOutcome["Fail"].Count()} failed, {byOutcome["Skip"].Count()} skipped";
    }

    private static async Task<int> Run(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true }) ?? throw new InvalidOperationException($"{program} did not start");
        // Skips are summed up at the end; a line for each would hide the failures.
        bool inSkip = false;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            bool isIndented = line.StartsWith("  ", StringComparison.Ordinal);
            inSkip = line.StartsWith("skipped ", StringComparison.Ordinal) || (inSkip && isIndented);
            if (!inSkip) Console.WriteLine(line);
        }
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
