using Quire.Formats;
using Quire.Tensors;

namespace Quire.Tests.Formats;

public sealed class GgufWriterTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Target => Path.Combine(folder.Path, "x.gguf");

    [Fact]
    public void What_is_written_reads_back()
    {
        byte[] odd = [.. Enumerable.Range(0, 5 * 3 * sizeof(float)).Select(i => (byte)i)], block = [.. Enumerable.Range(0, 2 * 20).Select(i => (byte)(i * 3))];
        new GgufWriter("qwen2").Add("text", "w▁é").Add("count", 3_000_000_000).Add("number", 1e-6f).Add("yes", true).Add("no", false)
            .Add("words", ["", "a b", "<0x00>"]).Add("integers", [-1, 7]).Add("numbers", [0.5f, -2]).Add("nothing", Array.Empty<int>())
            .Write(Target, [Part("odd", GgmlType.F32, new Shape(5, 3), odd), Part("q", GgmlType.Q4_1, new Shape(2, 32), block)]);

        using GgufFile file = GgufFile.Open(Target);
        Assert.Equal((3u, "qwen2"), (file.Version, file.Architecture));
        GgufMetadata read = file.Metadata;
        Assert.Equal(["general.architecture", "text", "count", "number", "yes", "no", "words", "integers", "numbers", "nothing"], read.Keys);
        Assert.Equal(("w▁é", 3_000_000_000, (double)1e-6f, true, false), (read.OptionalString("text"), read.OptionalInteger("count"), read.OptionalNumber("number"), read.OptionalBool("yes"), read.OptionalBool("no")));
        Assert.Equal(["", "a b", "<0x00>"], read.OptionalArray("words")!.ToStrings());
        Assert.Equal([-1L, 7], read.OptionalArray("integers")!.ToIntegers());
        Assert.Equal([0.5, -2], read.OptionalArray("numbers")!.ToNumbers());
        Assert.Empty(read.OptionalArray("nothing")!.ToIntegers());
        Assert.Equal(["odd", "q"], file.TensorNames);
        Assert.Equal((new Shape(5, 3), GgmlType.F32), (file.Tensors["odd"].Shape, file.Tensors["odd"].Type));
        Assert.Equal((new Shape(2, 32), GgmlType.Q4_1), (file.Tensors["q"].Shape, file.Tensors["q"].Type));
        Assert.Equal(odd, file.Tensors["odd"].Bytes.AsSpan<byte>().ToArray());
        Assert.Equal(block, file.Tensors["q"].Bytes.AsSpan<byte>().ToArray());
        // ggml counts the last tensor's padding too.
        Assert.Equal(0, new FileInfo(Target).Length % file.Alignment);
    }

    [Fact]
    public void What_no_reader_would_take_is_not_written()
    {
        Assert.Contains("the key a is there already", Assert.Throws<ArgumentException>(() => new GgufWriter("any").Add("a", 1u).Add("a", "b")).Message, StringComparison.Ordinal);
        Assert.Contains("the tensor t is there twice", Refused([Part("t", GgmlType.F32, new Shape(1), new byte[4]), Part("t", GgmlType.F32, new Shape(1), new byte[4])]), StringComparison.Ordinal);
        Assert.Contains("a row of 33 elements is no whole number of Q8_0 blocks of 32", Refused([Part("t", GgmlType.Q8_0, new Shape(2, 33), [])]), StringComparison.Ordinal);
        Assert.False(File.Exists(Target));

        string Refused(GgufPart[] parts) => Assert.Throws<ArgumentException>(() => new GgufWriter("any").Write(Target, parts)).Message;
    }

    [Fact]
    public void A_part_that_writes_too_little_is_noticed() =>
        Assert.Contains("t: 3 bytes were written, not 4", Assert.Throws<InvalidDataException>(() => new GgufWriter("any").Write(Target, [Part("t", GgmlType.F32, new Shape(1), new byte[3])])).Message, StringComparison.Ordinal);

    private static GgufPart Part(string name, GgmlType type, Shape shape, byte[] bytes) => new(name, type, shape, stream => stream.Write(bytes));

    public void Dispose() => folder.Dispose();
}
