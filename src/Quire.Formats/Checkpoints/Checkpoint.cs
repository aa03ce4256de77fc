using System.Diagnostics.CodeAnalysis;

namespace Quire.Formats;

/// <summary>A model's files as one thing: configuration and tensors, from a Hugging Face folder or a GGUF file.</summary>
public abstract class Checkpoint : IDisposable
{
    private protected Checkpoint(string path, ModelConfig config)
    {
        Path = path;
        Config = config;
    }

    /// <summary>The folder or the GGUF file.</summary>
    public string Path { get; }

    public ModelConfig Config { get; }

    /// <summary>
    /// Names as the files have them: <c>model.layers.0.self_attn.q_proj.weight</c>, or GGUF's <c>blk.0.attn_q.weight</c>.
    /// </summary>
    public abstract IReadOnlyCollection<string> TensorNames { get; }

    /// <exception cref="QuireException">The tensor exists and cannot be described (more than four dimensions).</exception>
    public abstract bool TryGet(string name, [NotNullWhen(true)] out CheckpointTensor? tensor);

    /// <summary>True where a tensor has this name with some layer's number in the place of <c>{layer}</c>.</summary>
    public bool HasInSomeLayer(string pattern)
    {
        int at = pattern.IndexOf("{layer}", StringComparison.Ordinal);
        if (at < 0) return TryGet(pattern, out _);
        string start = pattern[..at], end = pattern[(at + "{layer}".Length)..];
        return TensorNames.Any(name => name.Length > start.Length + end.Length && name.StartsWith(start, StringComparison.Ordinal) && name.EndsWith(end, StringComparison.Ordinal)
            && !name.AsSpan(start.Length..^end.Length).ContainsAnyExceptInRange('0', '9'));
    }

    /// <summary>True where weights are stored as quantised ggml blocks.</summary>
    public bool HasBlocks => Vocabulary is not null && TensorNames.Any(name => TryGet(name, out CheckpointTensor? tensor) && tensor.BlockType is not null);

    /// <exception cref="QuireException">There is no such tensor.</exception>
    public CheckpointTensor Get(string name) =>
        TryGet(name, out CheckpointTensor? tensor) ? tensor : throw QuireException.BadFile(Path, $"has no tensor {name}");

    /// <summary>
    /// How to generate by default; empty settings where the checkpoint says nothing, except that the ids that end a text then come from
    /// <see cref="Config"/>.
    /// </summary>
    public abstract GenerationConfig Generation { get; }

    /// <summary>Special tokens and chat templates; empty where the checkpoint says nothing.</summary>
    public abstract TokenizerConfig Tokenizer { get; }

    /// <summary>The vocabulary inside a GGUF file; null for folders, which have <c>tokenizer.json</c>.</summary>
    public virtual GgufVocabularyData? Vocabulary => null;

    /// <param name="path">A folder with <c>config.json</c> and safetensors files, a GGUF file, or a folder with exactly
    /// one GGUF file or the parts of one.</param>
    /// <param name="overrides">What is changed of the configuration before it is read; null for nothing.</param>
    /// <exception cref="QuireException">Nothing is there, or what is there is broken or not supported.</exception>
    public static Checkpoint Open(string path, ConfigOverrides? overrides = null)
    {
        if (File.Exists(path)) return GgufCheckpoint.OpenFile(path, overrides);
        if (!Directory.Exists(path)) throw new QuireException(ErrorKind.NotFound, $"{path} does not exist");
        if (File.Exists(System.IO.Path.Combine(path, "config.json"))) return SafetensorsCheckpoint.OpenFolder(path, overrides);
        return Directory.GetFiles(path, "*.gguf") switch
        {
            [string only] => GgufCheckpoint.OpenFile(only, overrides),
            [] => throw new QuireException(ErrorKind.NotFound, $"{path} has neither config.json nor a GGUF file"),
            [string first, ..] many when many.All(part => GgufSplit.First(part) == GgufSplit.First(first)) => GgufCheckpoint.OpenFile(first, overrides),
            _ => throw new QuireException(ErrorKind.InvalidRequest, $"{path} holds several GGUF files; name one of them"),
        };
    }

    /// <summary>Unmaps the files: every tensor and view becomes invalid.</summary>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    private protected abstract void Close();
}
