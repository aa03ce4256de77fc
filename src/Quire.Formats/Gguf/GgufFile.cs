using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>A mapped GGUF file, version 2 or 3, little-endian: key-value metadata, the list of tensors, the tensors' bytes.</summary>
public sealed class GgufFile : IDisposable
{
    private const int DefaultAlignment = 32;
    private const string AlignmentKey = "general.alignment";
    private const string ArchitectureKey = "general.architecture";

    private readonly MappedFile map;
    private readonly List<GgufFile> parts = [];
    private readonly Dictionary<string, GgufTensor> tensors;

    private GgufFile(MappedFile map)
    {
        this.map = map;
        var cursor = new GgufCursor(map, 0);
        Version = ReadVersion(cursor);

        // A tensor is at least two lengths, a type and an offset; a pair at least a length, one letter, a type and a byte.
        ulong tensorCount = cursor.U64("its header");
        long pairCount = cursor.Count("its header", "key-value pairs", 14);
        if (tensorCount > (ulong)(cursor.Remaining / 24))
            throw QuireException.BadFile(Path, $"{tensorCount} tensors do not fit into the file's {map.Length} bytes");

        var pairs = new List<GgufValue>();
        for (long i = 0; i < pairCount; i++) pairs.Add(ReadPair(cursor, i));
        Metadata = new GgufMetadata(Path, pairs);
        // Only the first part of a split file says what the model is.
        Architecture = Metadata.OptionalString(ArchitectureKey) is { Length: > 0 } architecture ? architecture
            : Metadata.OptionalCount("split.no") is > 0 ? ""
            : throw QuireException.BadFile(Path, $"the key {ArchitectureKey} is missing or empty");
        Alignment = ReadAlignment();

        GgufTensorList list = GgufTensorList.Read(map, cursor, (long)tensorCount, Alignment);
        DataOffset = list.DataOffset;
        tensors = list.Tensors;
        TensorNames = list.Names;
    }

    public string Path => map.Path;

    public uint Version { get; }

    /// <summary>Bytes, a power of two; every tensor begins at a multiple of it.</summary>
    public int Alignment { get; }

    /// <summary>Where the data section begins, bytes from the start of the file.</summary>
    public long DataOffset { get; }

    /// <summary><c>general.architecture</c>: <c>llama</c>, <c>qwen2</c>, ...; empty in later parts of a split file.</summary>
    public string Architecture { get; }

    public GgufMetadata Metadata { get; }

    /// <summary>In file order.</summary>
    public IReadOnlyList<string> TensorNames { get; private set; }

    public IReadOnlyDictionary<string, GgufTensor> Tensors => tensors;

    /// <summary>True where some layer has the tensor: what a model has must not be asked of its first layer, which may have lost it.</summary>
    /// <param name="name">Behind the layer's number: <c>attn_q.bias</c>.</param>
    public bool HasInSomeLayer(string name) => tensors.Keys.Any(stored => GgufLayerName.TrySplit(stored, out _, out string? own) && own == name);

    /// <summary>Maps the file and checks its metadata and tensor list; no tensor is read.</summary>
    /// <exception cref="QuireException">The file cannot be opened, is not a well-formed GGUF file, or is big-endian
    /// or of version 1.</exception>
    public static GgufFile Open(string path)
    {
        var map = new MappedFile(path);
        try
        {
            return new GgufFile(map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    private static uint ReadVersion(GgufCursor cursor)
    {
        if (!cursor.Take(4, "its magic").SequenceEqual("GGUF"u8)) throw QuireException.BadFile(cursor.File, "does not begin with GGUF");
        uint version = cursor.U32("its version");
        if (version != 0 && (version & 0xFFFF) == 0 && BinaryPrimitives.ReverseEndianness(version) < 0x10000)
            throw QuireException.BadFile(cursor.File, "is a big-endian GGUF file; only little-endian files are supported");
        return version is 2 or 3
            ? version
            : throw QuireException.BadFile(cursor.File, $"is of GGUF version {version}; versions 2 and 3 are supported");
    }

    private GgufValue ReadPair(GgufCursor cursor, long index)
    {
        string key = cursor.String($"the name of key {index}");
        return key.Length > 0 ? GgufValue.Read(map, cursor, key) : throw QuireException.BadFile(Path, $"key {index} has an empty name");
    }

    private int ReadAlignment()
    {
        long alignment = Metadata.OptionalInteger(AlignmentKey) ?? DefaultAlignment;
        return alignment is >= 1 and <= 1 << 20 && (alignment & (alignment - 1)) == 0
            ? (int)alignment
            : throw QuireException.BadFile(Path, $"{AlignmentKey} is {alignment}; a power of two was expected");
    }

    /// <summary>Takes a later part of a split file in: its tensors are found here too, and it is closed with this.</summary>
    /// <exception cref="QuireException">Both have a tensor of one name.</exception>
    internal void Adopt(GgufFile part)
    {
        parts.Add(part);
        foreach (string name in part.TensorNames)
            if (!tensors.TryAdd(name, part.Tensors[name])) throw QuireException.BadFile(part.Path, $"has the tensor {name}, which another part has too");
        TensorNames = [.. TensorNames, .. part.TensorNames];
    }

    /// <summary>Unmaps the file: metadata and views of its tensors become invalid.</summary>
    public void Dispose()
    {
        map.Dispose();
        parts.ForEach(part => part.Dispose());
    }
}
