using System.Diagnostics.CodeAnalysis;

namespace Quire.Formats;

/// <summary>A Hugging Face folder: <c>config.json</c> and one or several safetensors files.</summary>
internal sealed class SafetensorsCheckpoint : Checkpoint
{
    private readonly List<SafetensorsFile> files;
    private readonly Dictionary<string, SafetensorsTensor> tensors;
    private readonly Lazy<TokenizerConfig> tokenizer;

    private SafetensorsCheckpoint(string folder, ModelConfig config, List<SafetensorsFile> files, Dictionary<string, SafetensorsTensor> tensors)
        : base(folder, config)
    {
        this.files = files;
        this.tensors = tensors;
        GenerationConfig generation = GenerationConfig.ReadFolder(folder);
        Generation = generation.EosTokenIds.Count > 0 ? generation : generation with { EosTokenIds = config.EosTokenIds };
        tokenizer = new Lazy<TokenizerConfig>(() => TokenizerConfig.ReadFolder(folder));
    }

    public override IReadOnlyCollection<string> TensorNames => tensors.Keys;

    public override GenerationConfig Generation { get; }

    public override TokenizerConfig Tokenizer => tokenizer.Value;

    public static SafetensorsCheckpoint OpenFolder(string folder, ConfigOverrides? overrides)
    {
        ModelConfig config = ModelConfig.Read(System.IO.Path.Combine(folder, "config.json"), overrides);
        var files = new List<SafetensorsFile>();
        try
        {
            return new SafetensorsCheckpoint(folder, config, files, SafetensorsShards.Open(folder, files));
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    public override bool TryGet(string name, [NotNullWhen(true)] out CheckpointTensor? tensor)
    {
        tensor = tensors.TryGetValue(name, out SafetensorsTensor? stored) ? new CheckpointTensor(stored) : null;
        return tensor is not null;
    }

    private protected override void Close() => files.ForEach(file => file.Dispose());
}
