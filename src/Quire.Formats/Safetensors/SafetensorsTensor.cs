using Quire.Tensors;

namespace Quire.Formats;

/// <summary>A tensor of a safetensors file. Views stay valid until the file is disposed.</summary>
public sealed class SafetensorsTensor
{
    private readonly long[] dimensions;

    internal SafetensorsTensor(MappedFile map, string name, SafetensorsType type, long[] dimensions, long offset, long byteCount)
    {
        Map = map;
        Name = name;
        Type = type;
        this.dimensions = dimensions;
        Offset = offset;
        ByteCount = byteCount;
    }

    public string Name { get; }

    public SafetensorsType Type { get; }

    /// <summary>Slowest first; any number of them.</summary>
    public IReadOnlyList<long> Dimensions => dimensions;

    /// <summary>
    /// First byte, counted from the start of the file. The format does not promise that it is aligned to the element size.
    /// </summary>
    public long Offset { get; }

    public long ByteCount { get; }

    internal MappedFile Map { get; }

    /// <summary>Slowest first.</summary>
    /// <exception cref="QuireException">More than four dimensions.</exception>
    public Shape Shape => dimensions.Length <= 4
        ? new Shape(dimensions)
        : throw new QuireException(ErrorKind.NotSupported,
            $"{Map.Path}: tensor {Name} has {dimensions.Length} dimensions; up to 4 are supported");

    /// <summary>The raw bytes, [<see cref="ByteCount"/>] of <see cref="DType.U8"/>.</summary>
    public Tensor Bytes => Map.Bytes(Offset, ByteCount);

    /// <summary>The elements in the file's own type, without copying.</summary>
    /// <exception cref="QuireException">The type has no <see cref="DType"/>, or there are more than four dimensions.</exception>
    public Tensor View => Type.Element is { } element
        ? Map.Tensor(Offset, element, Shape)
        : throw new QuireException(ErrorKind.NotSupported, $"{Map.Path}: tensor {Name} is of type {Type}, which is not supported");

    public override string ToString() => $"{Name} {Type}[{string.Join(", ", dimensions)}]";
}
