using System.Text.Json;
using Quire.Golden;
using Quire.Templates;

namespace Quire.Conformance.Templates;

[Trait("golden", "templates")]
public class TemplateTests
{
    private const int Shown = 3;

    public static IEnumerable<TheoryDataRow<string>> Names => TemplateGolden.Names;

    public static IEnumerable<TheoryDataRow<string>> Categories => TemplateGolden.Categories;

    public static IEnumerable<TheoryDataRow<string>> Models => GoldenModels().DefaultIfEmpty("").Select(name => new TheoryDataRow<string>(name));

    [Theory, MemberData(nameof(Names))]
    public void A_published_template_renders_every_conversation_as_the_reference(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/templates here");
        ChatTemplate template = ChatTemplate.Parse(TemplateGolden.Source(name), name);
        JsonElement results = TemplateGolden.Rendered(name);
        Check(name, TemplateGolden.Conversations.GetProperty("conversations").EnumerateArray()
            .Where(conversation => results.TryGetProperty(Id(conversation), out _))
            .Select(conversation => (Id(conversation), TemplateGolden.Difference(results.GetProperty(Id(conversation)), () => template.Render(TemplateGolden.Context(conversation))))));
    }

    [Theory, MemberData(nameof(Categories))]
    public void Small_cases_give_what_the_reference_gives(string category)
    {
        if (category.Length == 0) Assert.Skip("no golden/templates/units.json here");
        JsonElement units = TemplateGolden.Units;
        Dictionary<string, JsonElement> context = units.GetProperty("context").EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        TimeProvider clock = TemplateGolden.Clock(units);
        Check(category, units.GetProperty("cases").EnumerateArray()
            .Where(unit => unit.GetProperty("category").GetString() == category)
            .Select(unit => (unit.GetProperty("template").GetString()!, TemplateGolden.Difference(unit, () => ChatTemplate.Parse(unit.GetProperty("template").GetString()!, Id(unit)).Render(context, clock)))));
    }

    [Theory, MemberData(nameof(Models))]
    public void A_models_own_template_renders_its_conversations_as_the_reference(string model)
    {
        if (model.Length == 0) Assert.Skip("no models with a chat template and rendered conversations here");
        string folder = Path.Combine(GoldenFolder.Models, model);
        using JsonDocument golden = GoldenFolder.ReadJson(Path.Combine(folder, "golden.json"));
        string name = golden.RootElement.GetProperty("model").GetString()!;
        using JsonDocument config = GoldenFolder.ReadJson(Path.Combine(folder, name, "tokenizer_config.json"));
        ChatTemplate template = ChatTemplate.Parse(config.RootElement.GetProperty("chat_template").GetString()!, name);
        Check(name, golden.RootElement.GetProperty("cases").EnumerateArray().Where(c => c.TryGetProperty("rendered", out _) && c.TryGetProperty("messages", out _)).Select(c => (Id(c), TemplateGolden.Difference(c, () => template.Render(new TemplateContext
        {
            Messages = c.GetProperty("messages"),
            Tools = c.TryGetProperty("tools", out JsonElement tools) && tools.ValueKind == JsonValueKind.Array ? tools : null,
            AddGenerationPrompt = true,
        })))));
    }

    /// <summary>Model folders whose golden.json names a model with a chat template.</summary>
    private static IEnumerable<string> GoldenModels()
    {
        if (!Directory.Exists(GoldenFolder.Models)) yield break;
        foreach (string folder in Directory.GetDirectories(GoldenFolder.Models).Order(StringComparer.Ordinal))
        {
            if (!File.Exists(Path.Combine(folder, "golden.json"))) continue;
            using JsonDocument golden = GoldenFolder.ReadJson(Path.Combine(folder, "golden.json"));
            if (!golden.RootElement.TryGetProperty("model", out JsonElement model) || !golden.RootElement.TryGetProperty("cases", out _)) continue;
            string config = Path.Combine(folder, model.GetString()!, "tokenizer_config.json");
            if (File.Exists(config) && File.ReadAllText(config).Contains("\"chat_template\"", StringComparison.Ordinal)) yield return Path.GetFileName(folder);
        }
    }

    private static string Id(JsonElement of) => of.GetProperty("id").GetString()!;

    private static void Check(string what, IEnumerable<(string Id, string? Difference)> cases)
    {
        List<(string Id, string? Difference)> all = [.. cases];
        List<string> failures = [.. all.Where(c => c.Difference is not null).Select(c => $"{c.Id}: {c.Difference}")];
        Assert.NotEmpty(all);
        Assert.True(failures.Count == 0, $"{what}: {failures.Count} of {all.Count} differ\n" + string.Join('\n', failures.Take(Shown)));
    }
}
