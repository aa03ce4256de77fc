using System.Text.Json;
using Quire.Formats;
using Quire.Golden;
using Quire.Tensors;

namespace Quire.Conformance.Quantization;

/// <summary>Single tensors of <c>golden/quant/tensors</c>: MXFP4 and bitsandbytes.</summary>
[Trait("golden", "quant")]
public sealed class QuantTensorTests
{
    public static IEnumerable<TheoryDataRow<string>> Names =>
        GoldenFolder.Find("quant/tensors") is { } root && Directory.GetFiles(root, "*.safetensors").Order().ToArray() is { Length: > 0 } files
            ? files.Select(file => new TheoryDataRow<string>(Path.GetFileNameWithoutExtension(file)!))
            : [new TheoryDataRow<string>("")];

    [Theory, MemberData(nameof(Names))]
    public void Numbers_are_exactly_those_of_the_library(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/quant/tensors here");
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(GoldenFolder.Find("quant/tensors")!, name + ".safetensors"));
        string expectedName = file.Tensors.ContainsKey("expected") ? "expected" : "expected_float32";
        Tensor expected = file.Tensors[expectedName].View;
        long inputs = expected.Shape.Columns, outputs = expected.Shape.Rows;
        // bitsandbytes divides the int8 product by 127, Quire its scale: two roundings of 2^-24 on either way.
        float tolerance = name.Contains("int8", StringComparison.Ordinal) ? 4f / (1 << 24) : 0;
        IWeightRows rows = Open(file, name, outputs, inputs);
        var values = new float[inputs];
        ReadOnlySpan<float> reference = expected.AsSpan<float>();
        for (long row = 0; row < outputs; row++)
        {
            rows.Read(row, values);
            for (int k = 0; k < inputs; k++)
            {
                float wanted = reference[(int)((row * inputs) + k)];
                Assert.True(Math.Abs(wanted - values[k]) <= tolerance * Math.Abs(wanted), $"[{row}, {k}]: {values[k]}, reference {wanted}");
            }
        }
    }

    private static IWeightRows Open(SafetensorsFile file, string name, long outputs, long inputs)
    {
        if (file.Tensors.Keys.FirstOrDefault(key => key.EndsWith("_blocks", StringComparison.Ordinal)) is { } blocks)
            return Fp4Rows.OpenMxfp4(new CheckpointTensor(file.Tensors[blocks]), new CheckpointTensor(file.Tensors[blocks.Replace("_blocks", "_scales", StringComparison.Ordinal)]), 0, outputs, inputs);
        string setting = name.Contains("int8", StringComparison.Ordinal) ? "load_in_8bit" : "load_in_4bit";
        QuantizationScheme scheme = QuantizationSchemes.Read(new ConfigObject(name, "", JsonDocument.Parse($$"""{"quant_method": "bitsandbytes", "{{setting}}": true}""").RootElement));
        // Names in these files have no module before them.
        var module = new ModuleTensors(full => file.Tensors.TryGetValue(full[2..], out SafetensorsTensor? tensor) ? new CheckpointTensor(tensor) : null, "m");
        return scheme.Open(module, outputs, inputs)!;
    }
}
