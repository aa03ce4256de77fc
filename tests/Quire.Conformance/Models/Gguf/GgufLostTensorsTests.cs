using Quire.Formats;
using Quire.Golden;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Models;

/// <summary>A GGUF file that lost a tensor is refused, and never taken for another model: what a family may or may not have is found by its tensors.</summary>
[Trait("golden", "families")]
public sealed class GgufLostTensorsTests : IDisposable
{
    private readonly ComputePool pool = new(1);
    private readonly string path = Path.GetTempFileName();

    public static IEnumerable<TheoryDataRow<string>> Families => GgufBrokenKeysTests.Names;

    public static IEnumerable<TheoryDataRow<string>> Files => GgufModelTests.Names;

    [Theory, MemberData(nameof(Families))]
    public void A_copy_without_one_of_its_tensors_is_refused(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/families here");
        using Checkpoint origin = Checkpoint.Open(FamilyFolders.Path(name));
        if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
        Refuses(GgufCopy.Build(origin));
    }

    [Theory, MemberData(nameof(GgufFamilyTests.Fusible), MemberType = typeof(GgufFamilyTests))]
    public void So_is_one_whose_products_are_one_tensor(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/families here");
        using Checkpoint origin = Checkpoint.Open(FamilyFolders.Path(name));
        if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
        Refuses(GgufCopy.Build(origin, GgufVariant.Fused));
    }

    [Theory, MemberData(nameof(Files))]
    public void So_is_a_file_of_another_writer(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/gguf here");
        Refuses(File.ReadAllBytes(GgufModelTests.FileOf(name)));
    }

    [Theory, MemberData(nameof(Families))]
    public void A_tensor_that_the_model_has_no_use_for_is_refused(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no golden/families here");
        using Checkpoint origin = Checkpoint.Open(FamilyFolders.Path(name));
        if (GgufCopy.Refusal(origin.Config) is { } refusal) Assert.Skip($"{name}: {refusal}");
        foreach (string tensor in (string[])["blk.0.attn_output.scale", "output_norm_2.weight", "blk.99.attn_norm.weight"])
        {
            byte[] file = GgufCopy.Build(origin, more: copy => copy.Tensor(tensor, 0, [1], new byte[4]));
            Assert.Contains(tensor, Assert.Throws<QuireException>(() => Load(file)).Message, StringComparison.Ordinal);
        }
    }

    // Of each kind of tensor the first layer's and the last's: the first often stands for all.
    private void Refuses(byte[] valid)
    {
        Load(valid);
        var header = new GgufHeader(valid);
        int layers;
        using (Checkpoint checkpoint = Checkpoint.Open(path)) layers = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config).Layers.Count;
        IEnumerable<string> dropped = header.Tensors.GroupBy(Kind).SelectMany(kind => kind.OrderBy(Layer).ToArray() is [var first, .., var last] ? (string[])[first, last] : [kind.First()]);
        foreach (string tensor in dropped.Where(tensor => Layer(tensor) < layers && !MayBeAbsent(tensor)))
        {
            QuireException? error = null;
            try
            {
                Load(header.Without(tensor));
            }
            catch (QuireException refused)
            {
                error = refused;
            }
            Assert.True(error is not null, $"a file without {tensor} loads");
            Assert.Contains(tensor, error.Message, StringComparison.Ordinal);
        }
    }

    // Nothing in a file says that these were there: a model without a head of its own uses its embedding, one without divisors rotates by its base alone, and a table of one kind of tokens has no key.
    private static bool MayBeAbsent(string tensor) => tensor is "output.weight" or "rope_freqs.weight" or "token_types.weight";

    private static string Kind(string tensor) => GgufLayerName.TrySplit(tensor, out _, out string? own) ? own : tensor;

    private static int Layer(string tensor) => GgufLayerName.TrySplit(tensor, out int layer, out _) ? layer : -1;

    private void Load(byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        ModelSpec spec = ModelFamilies.Of(checkpoint.Config).Describe(checkpoint.Config);
        TransformerModel.Load(checkpoint, spec, new CpuDevice(KernelSet.Default, pool, DType.F32, CpuActivations.F32), 16).Dispose();
    }

    public void Dispose()
    {
        pool.Dispose();
        File.Delete(path);
    }
}
