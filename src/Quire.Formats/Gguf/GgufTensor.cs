using Quire.Tensors;

namespace Quire.Formats;

/// <summary>A tensor of a GGUF file. Views stay valid until the file is disposed.</summary>
public sealed class GgufTensor
{
    private readonly long[] dimensions;

    internal GgufTensor(MappedFile map, string name, GgmlType type, long[] dimensions, long relativeOffset, long offset, long byteCount)
    {
        Map = map;
        Name = name;
        Type = type;
        this.dimensions = dimensions;
        RelativeOffset = relativeOffset;
        Offset = offset;
        ByteCount = byteCount;
    }

    public string Name { get; }

    public GgmlType Type { get; }

    /// <summary>Up to four, fastest first, as the file lists them.</summary>
    public IReadOnlyList<long> Dimensions => dimensions;

    /// <summary>The same dimensions slowest first, as everything else in this product has them: [out, in] for a linear weight.</summary>
    public Shape Shape
    {
        get
        {
            long[] slowestFirst = [.. dimensions];
            Array.Reverse(slowestFirst);
            return new Shape(slowestFirst);
        }
    }

    /// <summary>First byte, counted from the start of the data section.</summary>
    public long RelativeOffset { get; }

    /// <summary>First byte, counted from the start of the file.</summary>
    public long Offset { get; }

    public long ByteCount { get; }

    internal MappedFile Map { get; }

    /// <summary>The raw bytes, [<see cref="ByteCount"/>] of <see cref="DType.U8"/>.</summary>
    public Tensor Bytes => Map.Bytes(Offset, ByteCount);

    public override string ToString() => $"{Name} {Type}[{string.Join(", ", dimensions)}]";
}
