using System.Text;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>A tensor to be written.</summary>
/// <param name="Shape">Slowest first: [out, in] for a linear weight. A row is a whole number of the type's blocks.</param>
/// <param name="Write">Writes exactly <see cref="Bytes"/>: the rows, one after the other.</param>
public sealed record GgufPart(string Name, GgmlType Type, Shape Shape, Action<Stream> Write)
{
    public long Bytes => Shape.Columns % Type.BlockSize() == 0
        ? Shape.Count / Type.BlockSize() * Type.BlockBytes()
        : throw new ArgumentException($"{Name}: a row of {Shape.Columns} elements is no whole number of {Type} blocks of {Type.BlockSize()}");
}

/// <summary>Writes a little-endian GGUF file of version 3: the key-value pairs in the order they were added in, the list of tensors, then tensor by tensor.</summary>
public sealed class GgufWriter
{
    private const uint Version = 3;
    private const int Alignment = 32;

    private readonly List<Action<BinaryWriter>> pairs = [];
    private readonly HashSet<string> names = [];

    /// <param name="architecture"><c>general.architecture</c>: <c>llama</c>, <c>qwen2</c>, ...</param>
    public GgufWriter(string architecture) => Add("general.architecture", architecture);

    public GgufWriter Add(string key, string value) => Add(key, GgufValueType.String, file => WriteString(file, value));

    public GgufWriter Add(string key, uint value) => Add(key, GgufValueType.UInt32, file => file.Write(value));

    public GgufWriter Add(string key, float value) => Add(key, GgufValueType.Float32, file => file.Write(value));

    public GgufWriter Add(string key, bool value) => Add(key, GgufValueType.Bool, file => file.Write(value));

    public GgufWriter Add(string key, IReadOnlyList<string> values) => AddArray(key, GgufValueType.String, values, WriteString);

    public GgufWriter Add(string key, IReadOnlyList<int> values) => AddArray(key, GgufValueType.Int32, values, (file, value) => file.Write(value));

    public GgufWriter Add(string key, IReadOnlyList<float> values) => AddArray(key, GgufValueType.Float32, values, (file, value) => file.Write(value));

    /// <exception cref="ArgumentException">Two parts have one name, or a part's rows are no whole blocks; nothing is written then.</exception>
    /// <exception cref="InvalidDataException">A part wrote another number of bytes than it has.</exception>
    public void Write(string path, IReadOnlyList<GgufPart> parts)
    {
        if (parts.GroupBy(part => part.Name).FirstOrDefault(group => group.Count() > 1) is { } twice) throw new ArgumentException($"the tensor {twice.Key} is there twice", nameof(parts));
        long[] bytes = [.. parts.Select(part => part.Bytes)];

        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        using var file = new BinaryWriter(stream);
        file.Write("GGUF"u8);
        file.Write(Version);
        file.Write((long)parts.Count);
        file.Write((long)pairs.Count);
        foreach (Action<BinaryWriter> pair in pairs) pair(file);
        long offset = 0;
        for (int i = 0; i < parts.Count; i++)
        {
            WriteEntry(file, parts[i], offset);
            offset = Aligned(offset + bytes[i]);
        }
        for (int i = 0; i < parts.Count; i++)
        {
            Pad(stream);
            long start = stream.Position;
            parts[i].Write(stream);
            if (stream.Position - start != bytes[i]) throw new InvalidDataException($"{parts[i].Name}: {stream.Position - start} bytes were written, not {bytes[i]}");
        }
        Pad(stream);
    }

    private GgufWriter AddArray<T>(string key, GgufValueType type, IReadOnlyList<T> values, Action<BinaryWriter, T> write) => Add(key, GgufValueType.Array, file =>
    {
        file.Write((uint)type);
        file.Write((long)values.Count);
        foreach (T value in values) write(file, value);
    });

    private GgufWriter Add(string key, GgufValueType type, Action<BinaryWriter> write)
    {
        if (!names.Add(key)) throw new ArgumentException($"the key {key} is there already", nameof(key));
        pairs.Add(file =>
        {
            WriteString(file, key);
            file.Write((uint)type);
            write(file);
        });
        return this;
    }

    private static void WriteEntry(BinaryWriter file, GgufPart part, long offset)
    {
        WriteString(file, part.Name);
        file.Write((uint)part.Shape.Rank);
        // Fastest first.
        for (int i = part.Shape.Rank - 1; i >= 0; i--) file.Write(part.Shape[i]);
        file.Write((uint)part.Type);
        file.Write(offset);
    }

    private static void WriteString(BinaryWriter file, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        file.Write((long)bytes.Length);
        file.Write(bytes);
    }

    private static void Pad(Stream stream) => stream.Write(new byte[Aligned(stream.Position) - stream.Position]);

    private static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
