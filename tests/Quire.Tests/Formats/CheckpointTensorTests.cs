using Quire.Formats;
using Quire.Golden;
using Quire.Tensors;

namespace Quire.Tests.Formats;

public sealed class CheckpointTensorTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("F32", "0000C03F", 1.5f)]
    [InlineData("F64", "000000000000F83F", 1.5f)]
    [InlineData("F16", "003E", 1.5f)]
    [InlineData("BF16", "C03F", 1.5f)]
    [InlineData("F8_E4M3", "3C", 1.5f)]
    [InlineData("F8_E4M3", "7E", 448f)]
    [InlineData("F8_E4M3", "81", -0.001953125f)]
    [InlineData("F8_E4M3", "7F", float.NaN)]
    [InlineData("F8_E5M2", "3E", 1.5f)]
    [InlineData("F8_E5M2", "FC", float.NegativeInfinity)]
    public void Every_floating_point_type_reads_as_float32(string type, string hex, float expected)
    {
        using SafetensorsFile file = Open(("x", type, [1], Convert.FromHexString(hex)));
        var row = new float[1];
        new CheckpointTensor(file.Tensors["x"]).ReadRows(0, 1, row);
        Assert.Equal(expected, row[0]);
    }

    [Theory]
    [InlineData("I32", 4)]
    [InlineData("BOOL", 1)]
    [InlineData("C64", 8)]
    [InlineData("F8_E4M3FNUZ", 1)]
    public void Other_types_are_refused_by_name_but_have_bytes(string type, int bytes)
    {
        using SafetensorsFile file = Open(("x", type, [1], new byte[bytes]));
        var tensor = new CheckpointTensor(file.Tensors["x"]);
        Assert.False(tensor.CanRead);
        var error = Assert.Throws<QuireException>(() => tensor.ReadRows(0, 1, new float[1]));
        Assert.Equal(ErrorKind.NotSupported, error.Kind);
        Assert.Contains($"x is stored as {type}", error.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, tensor.Bytes.ByteCount);
    }

    [Fact]
    public void Rows_outside_the_tensor_are_refused()
    {
        using SafetensorsFile file = Open(("x", "F32", [2, 3], new byte[24]), ("scalar", "F32", [], new byte[4]), ("none", "F32", [0, 3], []));
        var tensor = new CheckpointTensor(file.Tensors["x"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.ReadRows(1, 2, new float[6]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.ReadRows(-1, 1, new float[3]));
        Assert.Throws<ArgumentException>(() => tensor.ReadRows(0, 1, new float[4]));
        new CheckpointTensor(file.Tensors["scalar"]).ReadRows(0, 1, new float[1]);
        new CheckpointTensor(file.Tensors["none"]).ReadRows(0, 0, []);
    }

    [Fact]
    public void Five_dimensions_are_kept_in_the_file_and_refused_as_a_tensor()
    {
        using SafetensorsFile file = Open(("x", "U8", [1, 1, 1, 1, 2], new byte[2]));
        Assert.Equal(5, file.Tensors["x"].Dimensions.Count);
        Assert.Equal(ErrorKind.NotSupported, Assert.Throws<QuireException>(() => new CheckpointTensor(file.Tensors["x"])).Kind);
    }

    [Fact]
    public void A_GGUF_shape_is_reversed_and_its_rows_are_blocks()
    {
        // One Q8_0 row of 32: scale 2 (float16 0x4000), then 1, 2, 3, ...
        byte[] row = [0x00, 0x40, .. Enumerable.Range(1, 32).Select(i => (byte)i)];
        string path = folder.Write("x.gguf", new TinyGguf("any").Tensor("w", 8, [32, 2], [.. new byte[34], .. row]).Build());
        using GgufFile file = GgufFile.Open(path);
        var tensor = new CheckpointTensor(file.Tensors["w"]);
        Assert.Equal((new Shape(2, 32), GgmlType.Q8_0, null), (tensor.Shape, tensor.BlockType, tensor.ElementType));
        var values = new float[32];
        tensor.ReadRows(1, 1, values);
        Assert.Equal(Enumerable.Range(1, 32).Select(i => 2f * i), values);
        Assert.Throws<QuireException>(() => tensor.View);
    }

    private SafetensorsFile Open(params (string, string, long[], byte[])[] tensors) =>
        SafetensorsFile.Open(folder.Write("x.safetensors", TinySafetensors.With(tensors)));

    public void Dispose() => folder.Dispose();
}
