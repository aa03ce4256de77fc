using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Quire.Conformance.Models;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Extension;

/// <summary>docs/add-a-family.md and docs/add-a-quantisation-format.md, followed: a new file each, and one line.</summary>
public sealed class ExtensionTests : IDisposable
{
    private const int Run = 32;
    private static readonly string Demo = Path.Combine(GoldenFolder.Models, "demo", "quire-demo");
    private readonly string folder = Directory.CreateTempSubdirectory("quire-extension-").FullName;

    static ExtensionTests()
    {
        ModelFamilies.Register(new MadeUpFamily());
        QuantizationSchemes.Register("made-up", config => new MadeUpScheme(config));
    }

    [Fact]
    public void A_made_up_family_in_a_made_up_format_runs_and_keeps_its_codes()
    {
        Write();
        using var coded = new ForwardRunner(Path.Combine(folder, "coded"));
        using var plain = new ForwardRunner(Path.Combine(folder, "plain"));
        int[] prompt = [1, 900, 17, 300, 44, 1201];
        Assert.Equal(plain.LastLogits(prompt), coded.LastLogits(prompt));
        using var llama = new ForwardRunner(Demo);
        Assert.NotEqual(llama.LastLogits(prompt), coded.LastLogits(prompt));
        Assert.True(coded.WeightBytes < 0.6 * plain.WeightBytes, $"{coded.WeightBytes} bytes as codes, {plain.WeightBytes} as numbers");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // The built-in model, renamed; once in the made-up format, once as the numbers that it means.
    private void Write()
    {
        using Checkpoint demo = Checkpoint.Open(Demo);
        List<SafetensorsPart> coded = [], plain = [];
        foreach (string name in demo.TensorNames)
        {
            CheckpointTensor tensor = demo.Get(name);
            string renamed = "made_up." + name;
            if (!name.Contains("_proj.", StringComparison.Ordinal))
            {
                var copy = new SafetensorsPart(renamed, tensor.TypeName, tensor.Shape, tensor.Bytes.ByteCount, stream => stream.Write(tensor.Bytes.AsSpan<byte>()));
                coded.Add(copy);
                plain.Add(copy);
                continue;
            }
            (byte[] bytes, float[] scales, float[] values) = Round(tensor);
            string module = renamed[..^".weight".Length];
            coded.Add(new SafetensorsPart(module + ".countdown", "U8", tensor.Shape, bytes.Length, stream => stream.Write(bytes)));
            coded.Add(new SafetensorsPart(module + ".runs", "F32", new Shape(tensor.Shape[0], tensor.Shape[1] / Run), scales.Length * 4L, stream => stream.Write(MemoryMarshal.AsBytes(scales.AsSpan()))));
            plain.Add(new SafetensorsPart(renamed, "F32", tensor.Shape, values.Length * 4L, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan()))));
        }
        Save("coded", coded, new JsonObject { ["quant_method"] = "made-up", ["run"] = Run });
        Save("plain", plain, null);
    }

    private void Save(string name, List<SafetensorsPart> parts, JsonObject? quantization)
    {
        string path = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        SafetensorsWriter.Write(Path.Combine(path, "model.safetensors"), parts);
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(Demo, "config.json")))!.AsObject();
        config["architectures"] = new JsonArray("MadeUpForCausalLM");
        if (quantization is not null) config["quantization_config"] = quantization;
        File.WriteAllText(Path.Combine(path, "config.json"), config.ToJsonString());
    }

    private static (byte[] Bytes, float[] Scales, float[] Values) Round(CheckpointTensor tensor)
    {
        var values = new float[tensor.Shape.Count];
        tensor.ReadRows(0, tensor.Shape.Rows, values);
        var bytes = new byte[values.Length];
        var scales = new float[values.Length / Run];
        for (int i = 0; i < values.Length; i++)
        {
            if (i % Run == 0) scales[i / Run] = values.AsSpan(i, Run).ToArray().Max(Math.Abs) / 127;
            int code = (int)MathF.Round(values[i] / scales[i / Run]) + 128;
            (bytes[i], values[i]) = ((byte)(255 - code), (code - 128) * scales[i / Run]);
        }
        return (bytes, scales, values);
    }
}
