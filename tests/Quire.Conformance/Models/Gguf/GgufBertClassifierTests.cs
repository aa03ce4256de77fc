using System.Runtime.InteropServices;
using Quire.Formats;
using Quire.Golden;

namespace Quire.Conformance.Models;

/// <summary>BERT's own classifiers: llama.cpp reads their pooler as cls, and its converter leaves it out.</summary>
[Trait("golden", "families")]
public sealed class GgufBertClassifierTests
{
    public static IEnumerable<TheoryDataRow<string>> Names =>
        FamilyFolders.Of(kind => kind == "classify").Where(row => row.Data.Length == 0 || ModelConfig.Read(Path.Combine(FamilyFolders.Path(row.Data), "config.json")).Architectures is ["BertForSequenceClassification", ..]);

    [Theory, MemberData(nameof(Names))]
    public async Task Rows_of_a_file_with_the_pooler_equal_the_reference(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no classifiers in golden/families here");
        using var golden = new PoolingGolden(name);
        using Checkpoint origin = Checkpoint.Open(golden.Folder);
        await GgufPoolingTests.Compare(golden, GgufCopy.Build(origin, more: copy =>
        {
            foreach (string end in (string[])[".weight", ".bias"])
            {
                var tensor = CopiedTensor.Read(origin.Get("bert.pooler.dense" + end));
                copy.Tensor("cls" + end, (uint)GgmlType.F32, [.. tensor.Shape.Reverse()], MemoryMarshal.AsBytes<float>(tensor.Values).ToArray());
            }
        }));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_file_of_the_converter_is_refused_with_what_it_lacks(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no classifiers in golden/families here");
        using var golden = new PoolingGolden(name);
        using Checkpoint origin = Checkpoint.Open(golden.Folder);
        QuireException error = await Assert.ThrowsAsync<QuireException>(() => GgufPoolingTests.Compare(golden, GgufCopy.Build(origin)));
        Assert.Contains("has no tensor cls.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("pooler", error.Message, StringComparison.Ordinal);
    }
}
