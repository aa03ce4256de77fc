using System.Xml.Linq;

namespace Quire.Gate;

/// <summary>One test of an xunit report.</summary>
internal sealed record TestResult(string Name, string Outcome, string Reason, IReadOnlyList<string> GoldenFolders)
{
    /// <summary>The reason without the case it is about, so that equal reasons are counted together.</summary>
    public string SkipKind => Reason.IndexOf(": ", StringComparison.Ordinal) is var colon and > 0 ? Reason[(colon + 2)..] : Reason;

    public static IEnumerable<TestResult> Read(string report) =>
        XDocument.Load(report).Descendants("test").Select(test => new TestResult(
            (string?)test.Attribute("name") ?? "",
            (string?)test.Attribute("result") ?? "",
            ((string?)test.Element("reason") ?? "").ReplaceLineEndings(" "),
            [.. test.Descendants("trait").Where(trait => (string?)trait.Attribute("name") == "golden").Select(trait => (string?)trait.Attribute("value") ?? "")]));
}
