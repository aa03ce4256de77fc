using System.Buffers.Binary;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>A mapped safetensors file: eight bytes of header length, a JSON header, then the tensors' bytes without a gap.</summary>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>The format's own limit of the header, bytes.</summary>
    public const int MaxHeaderBytes = 100_000_000;

    private const int LengthBytes = 8;

    private readonly MappedFile map;

    private SafetensorsFile(MappedFile map, SafetensorsHeader header, Dictionary<string, SafetensorsTensor> tensors)
    {
        this.map = map;
        Metadata = header.Metadata;
        Tensors = tensors;
    }

    public string Path => map.Path;

    /// <summary>The header's <c>__metadata__</c>, empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    public IReadOnlyDictionary<string, SafetensorsTensor> Tensors { get; }

    /// <summary>Maps the file and checks its whole header; no tensor is read.</summary>
    /// <exception cref="QuireException">The file cannot be opened, or is not a well-formed safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        var map = new MappedFile(path);
        try
        {
            return Read(map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    private static SafetensorsFile Read(MappedFile map)
    {
        if (map.Length < LengthBytes)
            throw QuireException.BadFile(map.Path, $"has {map.Length} bytes; a safetensors file begins with an 8-byte header length");
        ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(map.Span(0, LengthBytes));
        if (headerBytes > MaxHeaderBytes)
            throw QuireException.BadFile(map.Path,
                $"header length {headerBytes} is above the limit of {MaxHeaderBytes}; not a safetensors file?");
        if (headerBytes > (ulong)(map.Length - LengthBytes))
            throw QuireException.BadFile(map.Path,
                $"header of {headerBytes} bytes does not fit into the file's {map.Length}; cut off while downloading?");

        SafetensorsHeader header = SafetensorsHeader.Parse(map.Path, map.Span(LengthBytes, (int)headerBytes));
        long dataStart = LengthBytes + (long)headerBytes;
        SafetensorsLayout.Check(map.Path, header.Tensors, map.Length - dataStart);

        var tensors = new Dictionary<string, SafetensorsTensor>(header.Tensors.Count);
        foreach (SafetensorsHeader.Entry entry in header.Tensors)
        {
            var tensor = new SafetensorsTensor(map, entry.Name, entry.Type, entry.Dimensions, dataStart + entry.Begin, entry.End - entry.Begin);
            if (!tensors.TryAdd(entry.Name, tensor))
                throw QuireException.BadFile(map.Path, $"tensor {entry.Name} appears twice in the header");
        }

        return new SafetensorsFile(map, header, tensors);
    }

    /// <summary>Unmaps the file: every view of its tensors becomes invalid.</summary>
    public void Dispose() => map.Dispose();
}
