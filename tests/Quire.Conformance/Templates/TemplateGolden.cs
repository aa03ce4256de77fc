using System.Text.Json;
using Quire.Golden;
using Quire.Templates;

namespace Quire.Conformance.Templates;

/// <summary>The folder <c>golden/templates</c>: templates, conversations and what the reference makes of them.</summary>
internal static class TemplateGolden
{
    private static readonly string? folder = GoldenFolder.Find("templates");
    private static readonly Lazy<JsonElement> conversations = new(() => Read("conversations.json"));
    private static readonly Lazy<JsonElement> units = new(() => Read("units.json"));

    /// <summary>Names of all templates that have both a source and renders; one empty name where there is none, so that the skip is counted.</summary>
    public static IEnumerable<TheoryDataRow<string>> Names => Rows(folder is null || !Directory.Exists(Path.Combine(folder, "templates")) || !Has("conversations.json") ? []
        : Directory.GetFiles(Path.Combine(folder, "templates"), "*.jinja").Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => Has(Path.Combine("rendered", name + ".json"))));

    /// <summary>Categories of the unit cases.</summary>
    public static IEnumerable<TheoryDataRow<string>> Categories => Rows(folder is null || !Has("units.json") ? []
        : Units.GetProperty("cases").EnumerateArray().Select(unit => unit.GetProperty("category").GetString()!).Distinct());

    public static JsonElement Conversations => conversations.Value;

    public static JsonElement Units => units.Value;

    public static string Source(string name) => File.ReadAllText(Path.Combine(folder!, "templates", name + ".jinja"));

    public static JsonElement Rendered(string name) => Read(Path.Combine("rendered", name + ".json")).GetProperty("results");

    /// <summary>The context of a conversation; special tokens and time are those of the whole file.</summary>
    public static TemplateContext Context(JsonElement conversation) => new()
    {
        Messages = conversation.GetProperty("messages"),
        Tools = OrNull(conversation.GetProperty("tools")),
        Documents = OrNull(conversation.GetProperty("documents")),
        AddGenerationPrompt = conversation.GetProperty("add_generation_prompt").GetBoolean(),
        ContinueFinalMessage = conversation.GetProperty("continue_final_message").GetBoolean(),
        Kwargs = conversation.GetProperty("kwargs").EnumerateObject().ToDictionary(p => p.Name, p => p.Value),
        SpecialTokens = Conversations.GetProperty("special_tokens").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!),
        Clock = Clock(Conversations),
    };

    public static TimeProvider Clock(JsonElement file) => new FrozenClock(DateTime.Parse(file.GetProperty("now").GetString()!, System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Runs a render and compares; null where it is as the reference's, else what differs.</summary>
    public static string? Difference(JsonElement golden, Func<string> render)
    {
        string? expected = golden.TryGetProperty("expected", out JsonElement text) || golden.TryGetProperty("rendered", out text) ? text.GetString() : null;
        try
        {
            string actual = render();
            if (expected is null) return $"expected an error ({golden.GetProperty("error")}), got {Quote(actual)}";
            return actual == expected ? null : Around(expected, actual);
        }
        catch (TemplateException e)
        {
            if (expected is not null) return $"expected {Quote(expected)}, got the error {e.Error}: {e.Message}";
            JsonElement error = golden.GetProperty("error");
            if (error.GetProperty("kind").GetString() != "raise_exception") return null;
            string message = error.GetProperty("message").GetString()!;
            return e.Error == TemplateErrorKind.Raised && e.Reason == message ? null : $"expected the template to raise {Quote(message)}, got {e.Error}: {Quote(e.Reason)}";
        }
    }

    private static string Around(string expected, string actual)
    {
        int at = expected.AsSpan().CommonPrefixLength(actual);
        string Part(string text) => Quote(text[Math.Max(0, at - 30)..Math.Min(text.Length, at + 50)]);
        return $"differs at {at}: expected ..{Part(expected)}.. actual ..{Part(actual)}..";
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text.Length > 200 ? text[..200] + "..." : text);

    private static bool Has(string file) => File.Exists(Path.Combine(folder!, file)) || File.Exists(Path.Combine(folder!, file + ".gz"));

    private static JsonElement Read(string file)
    {
        using JsonDocument document = GoldenFolder.ReadJson(Path.Combine(folder!, file));
        return document.RootElement.Clone();
    }

    private static JsonElement? OrNull(JsonElement element) => element.ValueKind == JsonValueKind.Null ? null : element;

    private static IEnumerable<TheoryDataRow<string>> Rows(IEnumerable<string> names) =>
        names.Order(StringComparer.Ordinal).DefaultIfEmpty("").Select(name => new TheoryDataRow<string>(name));

    private sealed class FrozenClock(DateTime now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(now, TimeSpan.Zero);
    }
}
