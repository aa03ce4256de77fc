using System.Xml.Linq;
using Quire.Golden;

namespace Quire.Tests.Architecture;

/// <summary>The table of projects: each may use only those above it, and only some may be unsafe.</summary>
public sealed class ProjectTableTests
{
    private static readonly (string Name, bool MayBeUnsafe)[] Table =
    [
        ("Quire.Tensors", true), ("Quire.Kernels.Cpu", true), ("Quire.Kernels.Cuda", true), ("Quire.Formats", false), ("Quire.Hub", false),
        ("Quire.Tokenizers", false), ("Quire.Templates", false), ("Quire.Grammars", false), ("Quire.Chat", false), ("Quire.Models", false),
        ("Quire.Engine", false), ("Quire.Distributed", true), ("Quire", false), ("Quire.Extensions.AI", false), ("Quire.OpenAI", false),
        ("Quire.Server", false), ("Quire.Cli", false),
    ];

    public static IEnumerable<TheoryDataRow<string>> Projects =>
        Directory.GetFiles(Path.Combine(GoldenFolder.Repository, "src"), "*.csproj", SearchOption.AllDirectories).Order().Select(path => new TheoryDataRow<string>(path));

    [Theory, MemberData(nameof(Projects))]
    public void A_project_uses_only_projects_above_it(string path)
    {
        int own = Index(Path.GetFileNameWithoutExtension(path));
        foreach (XElement reference in XDocument.Load(path).Descendants("ProjectReference"))
        {
            string used = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));
            Assert.True(Index(used) < own, $"{Table[own].Name} must not use {used}");
        }
    }

    [Theory, MemberData(nameof(Projects))]
    public void Unsafe_code_is_allowed_where_the_table_says(string path)
    {
        bool isUnsafe = XDocument.Load(path).Descendants("AllowUnsafeBlocks").Any(e => e.Value == "true");
        Assert.True(Table[Index(Path.GetFileNameWithoutExtension(path))].MayBeUnsafe || !isUnsafe);
    }

    [Theory, MemberData(nameof(Projects))]
    public void The_kernels_stay_out_of_everything_between_models_and_facade(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        if (name is not ("Quire.Models" or "Quire.Engine" or "Quire.Distributed")) return;
        Assert.DoesNotContain(XDocument.Load(path).Descendants("ProjectReference"), r => r.Attribute("Include")!.Value.Contains("Kernels"));
    }

    [Theory, MemberData(nameof(Projects))]
    public void The_scheduler_knows_no_tensor_and_no_model(string path)
    {
        if (Path.GetFileNameWithoutExtension(path) != "Quire.Engine") return;
        string[] files = [.. ((string[])["Scheduling", "Blocks"]).SelectMany(folder => Directory.GetFiles(Path.Combine(Path.GetDirectoryName(path)!, folder)))];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            string text = File.ReadAllText(file);
            Assert.DoesNotContain("using Quire.Models", text);
            Assert.DoesNotContain("IDevice", text);
            Assert.False(text.Contains("Tensor ", StringComparison.Ordinal), $"{file} mentions a tensor");
        }
    }

    private static int Index(string name) => Array.FindIndex(Table, row => row.Name == name) is var index and >= 0
        ? index
        : throw new InvalidOperationException($"{name} is not in the table of projects");
}
