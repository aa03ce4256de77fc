using System.Text.Json;
using System.Text.Json.Nodes;
using Quire.Formats;
using Quire.Tensors;

namespace Quire;

/// <summary>What a quantised checkpoint cost and saved.</summary>
/// <param name="Modules">Matrices that were quantised.</param>
/// <param name="SourceBytes">Bytes of the checkpoint's tensors.</param>
/// <param name="Bytes">Bytes of the written ones.</param>
/// <param name="Drift">What that changed.</param>
public sealed record QuantizationReport(int Modules, long SourceBytes, long Bytes, QuantizationDrift Drift);

/// <summary>Writes a checkpoint with its layers' weights rounded, in the format of compressed-tensors, which vLLM and transformers read too.</summary>
public static class CheckpointQuantizer
{
    /// <param name="model">A folder with safetensors files, or a Hub id in the local cache.</param>
    /// <param name="folder">Where to write; must not exist, or be empty.</param>
    /// <param name="text">What changed is measured on it: perplexity in windows of 512 tokens, rows of its sentences.</param>
    /// <exception cref="QuireException">The checkpoint is quantised already or of another kind, the folder is not empty, or the text is too short.</exception>
    public static async Task<QuantizationReport> QuantizeAsync(string model, string folder, RoundedFormat format, string text, QuireOptions options, CancellationToken cancellationToken = default)
    {
        string path = ModelLocation.Find(model);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new QuireException(ErrorKind.InvalidRequest, $"{folder} is not empty; name a new folder.", param: "output");
        using Checkpoint checkpoint = Checkpoint.Open(path, options.Overrides());
        if (checkpoint.Config.IsGguf) throw new QuireException(ErrorKind.NotSupported, $"{path} is a GGUF file; quantise the Hugging Face checkpoint that it was made from.");
        if (QuantizationSchemes.Of(checkpoint) is { } own) throw new QuireException(ErrorKind.InvalidRequest, $"{path} is quantised already ({own.Description}).");

        var modules = new RecordingScheme();
        QuantizationMeasurement before = await QuantizationMeasurement.OfAsync(path, options with { Scheme = modules }, text, cancellationToken).ConfigureAwait(false);
        List<SafetensorsPart> parts = [];
        Dictionary<string, int> quantised = [];
        List<string> ignored = [];
        long sourceBytes = 0;
        foreach (string name in checkpoint.TensorNames.Order(StringComparer.Ordinal))
        {
            CheckpointTensor tensor = checkpoint.Get(name);
            sourceBytes += tensor.Bytes.ByteCount;
            string module = name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : "";
            if (modules.Rows.TryGetValue(module, out IWeightRows? plain))
            {
                // The model that recorded the rows read them from a mapping of its own, which is closed.
                var rows = new RoundedRows(new TensorRows(tensor, plain.Shape), format);
                quantised[module] = rows.Coding.GroupSize;
                parts.AddRange(RoundedTensors.Of(module, rows, format));
                continue;
            }
            if (module.Length > 0 && tensor.Shape.Rank == 2) ignored.Add(module);
            parts.Add(new SafetensorsPart(name, tensor.TypeName, tensor.Shape, tensor.Bytes.ByteCount, stream => stream.Write(tensor.Bytes.AsSpan<byte>())));
        }
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), parts);
        WriteConfig(path, folder, options.Overrides(), QuantizedConfig.Of(format, quantised, ignored));
        CopyOthers(path, folder);
        QuantizationMeasurement after = await QuantizationMeasurement.OfAsync(folder, options, text, cancellationToken).ConfigureAwait(false);
        return new QuantizationReport(quantised.Count, sourceBytes, parts.Sum(part => part.Bytes), before.DriftTo(after));
    }

    // With the overrides that were measured.
    private static void WriteConfig(string source, string folder, ConfigOverrides? overrides, JsonObject quantization)
    {
        string file = Path.Combine(source, "config.json");
        JsonElement root = JsonElement.Parse(File.ReadAllText(file));
        JsonObject config = JsonObject.Create(overrides?.ApplyTo(file, root) ?? root)!;
        config["quantization_config"] = quantization;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString(new() { WriteIndented = true }));
    }

    // Tokenizer, templates, generation defaults, licence.
    private static void CopyOthers(string source, string folder)
    {
        foreach (string file in Directory.GetFiles(source))
        {
            string name = Path.GetFileName(file);
            bool isWeights = Path.GetExtension(name) is ".safetensors" or ".bin" or ".pt" or ".pth" or ".gguf" || name.EndsWith(".index.json", StringComparison.Ordinal);
            if (!isWeights && name != "config.json") File.Copy(file, Path.Combine(folder, name));
        }
        // What sentence-transformers says about each module stands in a folder of its own.
        foreach (string module in SentenceTransformersFolder.Is(source) ? Directory.GetDirectories(source) : [])
        {
            string settings = Path.Combine(module, "config.json");
            if (!File.Exists(settings)) continue;
            string copy = Directory.CreateDirectory(Path.Combine(folder, Path.GetFileName(module))).FullName;
            File.Copy(settings, Path.Combine(copy, "config.json"));
        }
    }

    private sealed class RecordingScheme : QuantizationScheme
    {
        public Dictionary<string, IWeightRows> Rows { get; } = [];

        public override string Name => "none";

        public override string Description => "none";

        public override IWeightRows? Open(ModuleTensors module, long outputs, long inputs) => null;

        public override IWeightRows Plain(string module, IWeightRows rows)
        {
            Rows[module] = rows;
            return rows;
        }
    }

    private sealed class TensorRows(CheckpointTensor tensor, Shape shape) : IWeightRows
    {
        public string Name => tensor.Name;

        public Shape Shape => shape;

        public WeightFormat Format => WeightFormat.Other;

        public void Read(long row, Span<float> values) => tensor.ReadRows(row, 1, values);

        public ReadOnlySpan<byte> Raw(long row) => throw new NotSupportedException();
    }
}
