using System.Text;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;

namespace Quire.Conformance.Models;

/// <summary>docs/models.md, made from the families of this build and the golden checkpoints of the full data set.</summary>
public sealed class ModelTableTests
{
    private const string Update = "QUIRE_UPDATE_DOCS";

    // Golden checkpoints whose reference Quire leaves on purpose, see FamilyTests.
    private static readonly Dictionary<string, string> Deviations = new()
    {
        ["falcon_alibi"] = "linear biases added once",
        ["llama_dynamic"] = "the rotary base is fixed",
    };

    private static string Page => Path.Combine(GoldenFolder.Repository, "docs", "models.md");

    [Fact]
    public void The_page_lists_every_architecture_of_this_build()
    {
        if (Environment.GetEnvironmentVariable(Update) == "1") File.WriteAllText(Page, Make());
        string[] rows = [.. File.ReadLines(Page).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]).Order()];
        Assert.Equal(ModelFamilies.All.SelectMany(family => family.Architectures).Order(), rows);
    }

    [Fact]
    public void Rows_of_checkpoints_that_deviate_say_so()
    {
        string[] rows = File.ReadAllLines(Page);
        foreach ((string name, string label) in Deviations)
        {
            string row = Assert.Single(rows, line => line.StartsWith("| `", StringComparison.Ordinal) && line.Contains(name, StringComparison.Ordinal));
            Assert.Contains($"{name} deviates ({label})", row, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_unknown_architecture_is_told_the_nearest()
    {
        string folder = Directory.CreateTempSubdirectory("quire").FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"architectures":["Qwen2ForCausalLLM"],"model_type":"qwen2"}""");
        QuireException e = Assert.Throws<QuireException>(() => ModelFamilies.Of(ModelConfig.Read(Path.Combine(folder, "config.json"))));
        Assert.Contains("the nearest is Qwen2ForCausalLM;", e.Message);
        Directory.Delete(folder, true);
    }

    private static string Make()
    {
        Dictionary<string, List<string>> goldens = [];
        string[] folders = GoldenFolder.Find("families") is { } root ? Directory.GetDirectories(root) : [];
        foreach (string folder in folders.Order())
        {
            if (!File.Exists(Path.Combine(folder, "config.json"))) continue;
            foreach (string architecture in ModelConfig.Read(Path.Combine(folder, "config.json")).Architectures)
            {
                if (!goldens.TryGetValue(architecture, out List<string>? names)) goldens[architecture] = names = [];
                names.Add(Path.GetFileName(folder));
            }
        }
        var text = new StringBuilder("""
            # Models

            Families of this build. Safetensors checkpoints are read in f32, bf16 and f16, and [quantised](quantization.md) in every format there; GGUF files, where a family has a map of GGUF's names, in all of ggml's types; a file that lost a tensor, or holds one or a key that asks for what is not done here, is refused with its name. Each golden checkpoint is compared
            with transformers by `./quire test golden families`: logits in float32, greedy tokens, the divergence of a bf16 run, and bit-equality alone, mixed, chunked and after a prefix hit; of embedders and classifiers their rows, in both. Listed deviations: `llama_dynamic` follows vLLM's fixed base; `falcon_alibi`
            adds linear biases once, as vLLM does (the reference's eager attention adds them twice). Any decoder gives embeddings with `--runner pooling`, and as `…ForSequenceClassification` it is a [classifier](serving.md#classification-and-reranking), with a head of its own (compared: qwen3_seqcls)
            or one made of its LM head (compared: all). This page is made by `ModelTableTests` (with `QUIRE_UPDATE_DOCS=1`), which fails where it lacks a family.

            | architecture | files | golden checkpoints | status |
            |---|---|---|---|

            """);
        HashSet<string> gguf = [.. GgufArchitecture.ClassNames];
        foreach (string architecture in ModelFamilies.All.SelectMany(family => family.Architectures).Order())
        {
            List<string> names = goldens.GetValueOrDefault(architecture) ?? [];
            string[] refused = [.. names.Where(name => !CanDescribe(name))];
            string[] remarks =
            [
                .. names.Where(Deviations.ContainsKey).Select(name => $"{name} deviates ({Deviations[name]})"),
                .. refused.Length > 0 ? [$"{string.Join(", ", refused)} refused"] : Array.Empty<string>(),
            ];
            string status = names.Count == refused.Length ? "not compared" : string.Join("; ", ["equal", .. remarks]);
            text.Append($"| `{architecture}` | safetensors{(gguf.Contains(architecture) ? ", GGUF" : "")} | {(names.Count > 0 ? string.Join(", ", names) : "none")} | {status} |\n");
        }
        return text.ToString();
    }

    // A checkpoint of a kind that its family refuses.
    private static bool CanDescribe(string name)
    {
        string folder = Path.Combine(GoldenFolder.Find("families")!, name);
        try
        {
            ModelConfig config = ModelConfig.Read(Path.Combine(folder, "config.json"));
            ModelFamilies.Of(config).Describe(config);
            return true;
        }
        catch (QuireException)
        {
            return false;
        }
    }
}
