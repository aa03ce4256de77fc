using System.Text.Json;
using Quire.Formats;
using Quire.Golden;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Quantization;

/// <summary>One folder of <c>golden/quant/cases</c>: a quantised checkpoint, the numbers that its bits mean, and what the reference computes from them.</summary>
internal sealed class QuantCase : IDisposable
{
    private readonly JsonDocument json;
    private readonly SafetensorsFile tensors;

    private QuantCase(string folder)
    {
        json = GoldenFolder.ReadJson(Path.Combine(folder, "golden.json"));
        tensors = SafetensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
        Model = Path.Combine(folder, "model");
    }

    /// <summary>The checkpoint's folder.</summary>
    public string Model { get; }

    public JsonElement Root => json.RootElement;

    public static IEnumerable<TheoryDataRow<string>> Names =>
        GoldenFolder.Find("quant/cases") is { } root && Directory.GetDirectories(root).Order().ToArray() is { Length: > 0 } folders
            ? folders.Select(folder => new TheoryDataRow<string>(Path.GetFileName(folder)!))
            : [new TheoryDataRow<string>("")];

    public static QuantCase Load(string name)
    {
        if (name.Length == 0) Assert.Skip("no golden/quant/cases here");
        return new QuantCase(Path.Combine(GoldenFolder.Find("quant/cases")!, name));
    }

    /// <summary>The case with its model's description; skips where the family is not supported.</summary>
    public static (QuantCase Case, ModelSpec Spec) LoadModel(string name)
    {
        QuantCase @case = Load(name);
        try
        {
            ModelConfig config = ModelConfig.Read(Path.Combine(@case.Model, "config.json"));
            return (@case, ModelFamilies.Of(config).Describe(config));
        }
        catch (QuireException e) when (e.Kind == ErrorKind.NotSupported)
        {
            @case.Dispose();
            Assert.Skip($"{name}: {e.Message[(e.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..].Split(';')[0]}");
            throw;
        }
    }

    public float[][] Rows(string tensor)
    {
        Tensor view = tensors.Tensors[tensor].View;
        return [.. view.AsSpan<float>().ToArray().Chunk((int)view.Shape.Columns)];
    }

    public bool Has(string tensor) => tensors.Tensors.ContainsKey(tensor);

    /// <summary>[outputs, inputs] of a module of Llama's kind, from the configuration.</summary>
    public (long Outputs, long Inputs) Shape(string module)
    {
        ModelConfig config = ModelConfig.Read(Path.Combine(Model, "config.json"));
        long hidden = config.Int("hidden_size"), middle = config.Int("intermediate_size");
        int heads = config.Int("num_attention_heads"), size = config.OptionalInt("head_dim") ?? (int)hidden / heads;
        return module[(module.LastIndexOf('.') + 1)..] switch
        {
            "q_proj" => (heads * size, hidden),
            "k_proj" or "v_proj" => ((config.OptionalInt("num_key_value_heads") ?? heads) * size, hidden),
            "o_proj" => (hidden, heads * size),
            "gate_proj" or "up_proj" or "w1" or "w3" => (middle, hidden),
            "down_proj" or "w2" => (hidden, middle),
            "lm_head" => (config.Int("vocab_size"), hidden),
            string other => throw new InvalidDataException($"the shape of {other} is not known"),
        };
    }

    /// <summary>The module's matrix as the checkpoint's scheme reads it.</summary>
    public IWeightRows Open(Checkpoint checkpoint, string module)
    {
        (long outputs, long inputs) = Shape(module);
        return QuantizationSchemes.Of(checkpoint)!.Open(new ModuleTensors(name => checkpoint.TryGet(name, out CheckpointTensor? tensor) ? tensor : null, module), outputs, inputs)
            ?? throw new InvalidDataException($"{module} is not quantised");
    }

    public void Dispose()
    {
        tensors.Dispose();
        json.Dispose();
    }
}
