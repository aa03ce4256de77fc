using Quire.Formats;
using Quire.Tensors;

namespace Quire.Conformance.Formats;

/// <summary>Every block format gives the reference's float32, bit for bit.</summary>
[Trait("golden", "gguf")]
public sealed class GgmlTypeTests
{
    private const string Folder = "gguf/types";

    /// <summary>Each file holds pairs: <c>x.blocks</c> or <c>x.bits</c>, and <c>x.expected</c>.</summary>
    public static TheoryData<string> Cases() => GoldenCases.Files(Folder, "*.safetensors");

    [Theory, MemberData(nameof(Cases))]
    public void Values_equal_the_reference(string name)
    {
        string path = GoldenCases.Require(Folder, name);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        int compared = 0;
        foreach (SafetensorsTensor stored in file.Tensors.Values)
        {
            string pair = stored.Name.Split('.')[0], kind = stored.Name.Split('.')[^1];
            if (kind is not ("blocks" or "bits")) continue;
            string typeName = kind == "bits" ? pair : Path.GetFileNameWithoutExtension(name);
            Assert.True(Enum.TryParse(typeName, out GgmlType type), $"{typeName} is no ggml type known here");
            Assert.True(GgmlDequantizer.CanDequantize(type), $"{type} has golden values and cannot be decoded");

            float[] expected = Floats(file.Tensors[$"{pair}.expected"]);
            var actual = new float[expected.Length];
            GgmlDequantizer.Dequantize(type, stored.Bytes.AsSpan<byte>(), actual);
            compared++;

            // Where both were quantised from one source, some sets hold the blocks without and the values with an importance matrix:
            // blocks of random bits show exactness, these show that real ones lie as near to their source (1.5 times the squared error at
            // most).
            if (file.Tensors.TryGetValue($"{pair}.source", out SafetensorsTensor? source) && !expected.AsSpan().SequenceEqual(actual))
            {
                Assert.InRange(SquaredDistance(Floats(source), actual), 0, 1.5 * SquaredDistance(Floats(source), expected));
                continue;
            }

            Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), actual.Select(BitConverter.SingleToInt32Bits));
        }

        Assert.NotEqual(0, compared);
    }

    /// <summary>What can be rounded to gets the reference's bits.</summary>
    [Theory]
    [InlineData(GgmlType.Q8_0)]
    [InlineData(GgmlType.Q4_0)]
    [InlineData(GgmlType.Q4_1)]
    public void Rounded_blocks_equal_the_reference(GgmlType type)
    {
        Assert.SkipWhen(Cases().All(row => row.Data.Length == 0), "no reference blocks");
        using SafetensorsFile file = SafetensorsFile.Open(GoldenCases.Require(Folder, $"{type}.safetensors"));
        byte[] expected = file.Tensors["real.blocks"].Bytes.AsSpan<byte>().ToArray(), actual = new byte[expected.Length];
        GgmlQuantizer.Quantize(type, Floats(file.Tensors["real.source"]), actual);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(actual));
    }

    private static float[] Floats(SafetensorsTensor tensor) => tensor.View.AsSpan<float>().ToArray();

    private static double SquaredDistance(float[] a, float[] b) => a.Zip(b, (x, y) => ((double)x - y) * ((double)x - y)).Sum();

    /// <summary>Q8_1 holds activations inside ggml and no weights of files.</summary>
    [Theory]
    [InlineData(GgmlType.Q8_1)]
    [InlineData(GgmlType.I32)]
    public void Types_without_values_are_refused_by_name(GgmlType type)
    {
        var error = Assert.Throws<QuireException>(() => GgmlDequantizer.Dequantize(type, new byte[type.BlockBytes()], new float[type.BlockSize()]));
        Assert.Equal(ErrorKind.NotSupported, error.Kind);
        Assert.Contains(type.ToString(), error.Message, StringComparison.Ordinal);
    }
}
