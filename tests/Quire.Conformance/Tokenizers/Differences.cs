using System.Text.Json;

namespace Quire.Conformance.Tokenizers;

/// <summary>Collects what differs over all cases of a check, so that one failure tells how many and shows the first.</summary>
internal sealed class Differences
{
    private const int Shown = 5;
    private readonly List<string> messages = [];
    private int cases;

    public void Compare(string id, object? expected, object? actual)
    {
        cases++;
        string left = Show(expected), right = Show(actual);
        if (left != right) messages.Add($"{id}\n  expected {left}\n  actual   {right}");
    }

    public void AssertNone()
    {
        if (messages.Count > 0) Assert.Fail($"{messages.Count} of {cases} differ\n{string.Join('\n', messages.Take(Shown))}");
    }

    private static string Show(object? value) => value switch
    {
        int[] ids => string.Join(' ', ids),
        string[] texts => JsonSerializer.Serialize(texts),
        string text => JsonSerializer.Serialize(text),
        null => "null",
        _ => value.ToString()!,
    };
}
