using Quire.Formats;
using Quire.Golden;

namespace Quire.Tests.Formats;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Arrays_in_arrays_read_to_their_limit()
    {
        byte[] numbers = TinyGguf.Array(5, BitConverter.GetBytes(-1), BitConverter.GetBytes(2));
        using GgufFile file = Open(new TinyGguf("any").Pair("nested", 9, TinyGguf.Array(9, numbers, TinyGguf.Array(5))));
        Assert.True(file.Metadata.TryGet("nested", out GgufValue? value));
        GgufArray[] arrays = value.AsArray().ToArrays();
        Assert.Equal([-1L, 2L], arrays[0].ToIntegers());
        Assert.Empty(arrays[1].ToIntegers());

        byte[] deep = numbers;
        for (int i = 0; i < 20; i++) deep = TinyGguf.Array(9, deep);
        Assert.Contains("deep is an array nested deeper than", Assert.Throws<QuireException>(() => Open(new TinyGguf("any").Pair("deep", 9, deep))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_of_another_type_is_refused_with_its_key()
    {
        using GgufFile file = Open(new TinyGguf("any").Text("a", "x").UInt32("b", 1).Strings("c", "x").Float32("d", 2.5f));
        Assert.Contains("a must be an integer, not of type String", Assert.Throws<QuireException>(() => file.Metadata.OptionalInteger("a")).Message, StringComparison.Ordinal);
        Assert.Throws<QuireException>(() => file.Metadata.OptionalBool("b"));
        Assert.Throws<QuireException>(() => file.Metadata.OptionalArray("c")!.ToNumbers());
        Assert.Throws<QuireException>(() => file.Metadata.OptionalInteger("d"));
        Assert.Equal(1.0, file.Metadata.OptionalNumber("b"));
        Assert.Null(file.Metadata.OptionalString("nothing"));
    }

    [Fact]
    public void A_count_that_is_none_is_refused()
    {
        using GgufFile file = Open(new TinyGguf("any").Pair("negative", 5, BitConverter.GetBytes(-4)).Pair("huge", 10, BitConverter.GetBytes(ulong.MaxValue)));
        Assert.Throws<QuireException>(() => file.Metadata.OptionalCount("negative"));
        Assert.Throws<QuireException>(() => file.Metadata.OptionalCount("huge"));
    }

    private GgufFile Open(TinyGguf file) => GgufFile.Open(folder.Write("x.gguf", file.Build()));

    public void Dispose() => folder.Dispose();
}
