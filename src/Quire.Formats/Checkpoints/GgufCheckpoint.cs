using System.Diagnostics.CodeAnalysis;

namespace Quire.Formats;

/// <summary>A GGUF file with everything inside, or all parts of one that was split.</summary>
internal sealed class GgufCheckpoint : Checkpoint
{
    private readonly GgufFile file;
    private readonly Lazy<TokenizerConfig> tokenizer;
    private readonly Lazy<GgufVocabularyData?> vocabulary;

    private GgufCheckpoint(GgufFile file, ModelConfig config)
        : base(file.Path, config)
    {
        this.file = file;
        Generation = GenerationConfig.FromGguf(file);
        tokenizer = new Lazy<TokenizerConfig>(() => TokenizerConfig.FromGguf(file));
        vocabulary = new Lazy<GgufVocabularyData?>(() => GgufVocabularyData.Read(file));
    }

    public override IReadOnlyCollection<string> TensorNames => file.TensorNames;

    public override GenerationConfig Generation { get; }

    public override TokenizerConfig Tokenizer => tokenizer.Value;

    public override GgufVocabularyData? Vocabulary => vocabulary.Value;

    public static GgufCheckpoint OpenFile(string path, ConfigOverrides? overrides)
    {
        GgufFile file = GgufFile.Open(GgufSplit.First(path));
        try
        {
            if (file.Metadata.OptionalCount("split.count") is > 1 and int parts) GgufSplit.AddOthers(file, parts);
            return new GgufCheckpoint(file, ModelConfig.FromGguf(file, overrides));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override bool TryGet(string name, [NotNullWhen(true)] out CheckpointTensor? tensor)
    {
        tensor = file.Tensors.TryGetValue(name, out GgufTensor? stored) ? new CheckpointTensor(stored) : null;
        return tensor is not null;
    }

    private protected override void Close() => file.Dispose();
}
