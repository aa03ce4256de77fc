using Quire.Tensors;

namespace Quire.Formats;

/// <summary>An adapter as PEFT writes it: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
public sealed class LoraCheckpoint : IDisposable
{
    private const string ConfigName = "adapter_config.json", WeightsName = "adapter_model.safetensors", Prefix = "base_model.model.";
    private readonly SafetensorsFile file;
    private readonly LoraConfig config;
    private readonly Dictionary<string, LoraModule> modules = [];

    private LoraCheckpoint(string folder, LoraConfig config, SafetensorsFile file)
    {
        (Folder, this.config, this.file) = (folder, config, file);
        foreach (SafetensorsTensor tensor in file.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)) Add(new CheckpointTensor(tensor));
        if (modules.Count == 0) throw QuireException.BadFile(file.Path, "holds no tensor of an adapter");
        foreach (LoraModule module in modules.Values) Check(module);
    }

    public string Folder { get; }

    /// <summary>By name of the base's module.</summary>
    public IReadOnlyDictionary<string, LoraModule> Modules => modules;

    public int MaxRank => modules.Values.Max(module => module.Rank);

    /// <exception cref="QuireException">A file is missing or broken, tensors do not belong together, or the adapter asks for what is not supported; the message says which.</exception>
    public static LoraCheckpoint Open(string folder)
    {
        if (!Directory.Exists(folder)) throw new QuireException(ErrorKind.NotFound, $"No adapter found for {folder}", "no_adapter");
        string settings = Path.Combine(folder, ConfigName), weights = Path.Combine(folder, WeightsName);
        if (!File.Exists(settings)) throw QuireException.BadFile(folder, $"has no {ConfigName}");
        if (!File.Exists(weights))
        {
            bool isPickled = File.Exists(Path.Combine(folder, "adapter_model.bin"));
            throw QuireException.BadFile(folder, $"has no {WeightsName}{(isPickled ? "; its adapter_model.bin is not supported, save the adapter as safetensors" : "")}");
        }
        var config = new LoraConfig(settings);
        SafetensorsFile file = SafetensorsFile.Open(weights);
        try
        {
            return new LoraCheckpoint(folder, config, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => file.Dispose();

    private void Add(CheckpointTensor tensor)
    {
        if (tensor.ElementType is not (DType.F32 or DType.F16 or DType.BF16)) throw QuireException.BadFile(tensor.File, $"{tensor.Name} is stored as {tensor.TypeName}; F32, F16 and BF16 are supported");
        if (!tensor.Name.StartsWith(Prefix, StringComparison.Ordinal)) throw QuireException.BadFile(tensor.File, $"{tensor.Name} does not begin with {Prefix}");
        string name = tensor.Name[Prefix.Length..];
        if (Take(name, ".lora_A.weight") is { } a) Change(a, module => module with { A = tensor });
        else if (Take(name, ".lora_B.weight") is { } b) Change(b, module => module with { B = tensor });
        else if (Take(name, ".lora_embedding_A") is { } ea) Change(ea, module => module with { A = tensor, IsEmbedding = true });
        else if (Take(name, ".lora_embedding_B") is { } eb) Change(eb, module => module with { B = tensor, IsEmbedding = true });
        else if ((Take(name, ".lora_magnitude_vector.weight") ?? Take(name, ".lora_magnitude_vector")) is { } m) Change(m, module => module with { Magnitude = Vector(tensor) });
        else if ((Take(name, ".base_layer.bias") ?? Take(name, ".bias")) is { } bias) Change(bias, module => module with { Bias = Vector(tensor) });
        else throw QuireException.BadFile(tensor.File, $"{tensor.Name} is no part of a LoRA adapter");
    }

    private static string? Take(string name, string end) => name.EndsWith(end, StringComparison.Ordinal) ? name[..^end.Length] : null;

    private void Change(string name, Func<LoraModule, LoraModule> change) => modules[name] = change(modules.GetValueOrDefault(name) ?? new LoraModule(name) { Scale = config.Scale(name) });

    private void Check(LoraModule module)
    {
        if (module.A is null && module.B is null && module.Magnitude is null) return;
        if (module.A is null || module.B is null) throw QuireException.BadFile(file.Path, $"{module.Name} has no lora_{(module.A is null ? "A" : "B")}");
        if (module.A.Shape.Rank != 2 || module.B.Shape.Rank != 2) throw QuireException.BadFile(file.Path, $"{module.Name}: lora_A {module.A.Shape} and lora_B {module.B.Shape} are not matrices");
        if (module.A.Shape[0] != module.B.Shape[1]) throw QuireException.BadFile(file.Path, $"{module.Name}: lora_A has rank {module.A.Shape[0]}, lora_B {module.B.Shape[1]}");
        if (module.Rank != config.Rank(module.Name)) throw QuireException.BadFile(file.Path, $"{module.Name} has rank {module.Rank}; {ConfigName} says {config.Rank(module.Name)}");
        if (config.IsDora != module.Magnitude is not null) throw QuireException.BadFile(file.Path, $"{module.Name} {(config.IsDora ? "has no" : "has a")} lora_magnitude_vector; {ConfigName} has use_dora {(config.IsDora ? "true" : "false")}");
        if (module.IsEmbedding && config.IsDora) throw QuireException.BadFile(file.Path, $"{module.Name}: DoRA of embeddings is not supported");
        CheckFinite(module.A);
        CheckFinite(module.B);
    }

    private static void CheckFinite(CheckpointTensor tensor)
    {
        var row = new float[tensor.Shape.Columns];
        for (long i = 0; i < tensor.Shape.Rows; i++)
        {
            tensor.ReadRows(i, 1, row);
            foreach (float value in row)
                if (!float.IsFinite(value)) throw QuireException.BadFile(tensor.File, $"{tensor.Name} holds {value}");
        }
    }

    private static float[] Vector(CheckpointTensor tensor)
    {
        CheckFinite(tensor);
        var values = new float[tensor.Shape.Count];
        tensor.ReadRows(0, tensor.Shape.Rows, values);
        return values;
    }
}
