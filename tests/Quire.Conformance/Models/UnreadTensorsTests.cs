using System.Text.Json.Nodes;
using Quire.Formats;
using Quire.Golden;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>Tensors of layers that a model is not made of are told, since a configuration that leaves them out may be of another model; what every such file holds beside them is not.</summary>
[Trait("golden", "families")]
public sealed class UnreadTensorsTests
{
    public static IEnumerable<TheoryDataRow<string>> Families => FamilyFolders.Of(_ => true);

    [Theory, MemberData(nameof(Families))]
    public void A_whole_checkpoint_has_none(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/families here");
        Assert.Empty(UnreadOf(FamilyFolders.Path(name)));
    }

    [Fact]
    public void Neither_has_a_quantised_one()
    {
        string[] folders = GoldenFolder.Find("quant") is { } root ? [.. Directory.GetFiles(root, "config.json", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Where(folder => Directory.GetFiles(folder, "model*.safetensors").Length > 0)] : [];
        Assert.SkipWhen(folders.Length == 0, "no golden/quant here");
        Assert.All(folders, folder => Assert.Empty(UnreadOf(folder)));
    }

    public static IEnumerable<TheoryDataRow<string>> Biased => Families
        .Where(row => row.Data.Length > 0 && ModelConfig.Read(Path.Combine(FamilyFolders.Path(row.Data), "config.json")) is var config && config.Has("attention_bias") && config.OptionalBool("attention_bias") == true && config.ModelType == "llama")
        .DefaultIfEmpty(new TheoryDataRow<string>(""));

    [Theory, MemberData(nameof(Biased))]
    public void Biases_that_the_configuration_leaves_out_are_named(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/families with attention_bias here");
        string folder = Directory.CreateTempSubdirectory("quire").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(FamilyFolders.Path(name), "*.safetensors*")) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(FamilyFolders.Path(name), "config.json")))!.AsObject();
            config["attention_bias"] = false;
            File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
            Assert.Contains("model.layers.0.self_attn.q_proj.bias", UnreadOf(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IReadOnlyList<string> UnreadOf(string folder)
    {
        using var pool = new ComputePool(1);
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        ModelSpec spec = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
        using TransformerModel model = TransformerModel.Load(checkpoint, spec, new CpuDevice(KernelSet.Default, pool, DType.F32, CpuActivations.F32), 16);
        return model.TensorsWithoutUse;
    }
}
