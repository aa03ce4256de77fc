using Quire.Tensors;

namespace Quire.Formats;

/// <summary>A stored tensor, whichever file format holds it. Views and reads are valid until the checkpoint is disposed.</summary>
public sealed class CheckpointTensor
{
    private readonly MappedFile map;
    private readonly long offset;
    private readonly long byteCount;

    /// <exception cref="QuireException">More than four dimensions.</exception>
    public CheckpointTensor(SafetensorsTensor tensor)
    {
        (map, offset, byteCount) = (tensor.Map, tensor.Offset, tensor.ByteCount);
        Name = tensor.Name;
        Shape = tensor.Shape;
        TypeName = tensor.Type.Name;
        ElementType = tensor.Type.Element;
    }

    public CheckpointTensor(GgufTensor tensor)
    {
        (map, offset, byteCount) = (tensor.Map, tensor.Offset, tensor.ByteCount);
        Name = tensor.Name;
        Shape = tensor.Shape;
        TypeName = tensor.Type.ToString();
        ElementType = tensor.Type.ElementType();
        BlockType = ElementType is null ? tensor.Type : null;
    }

    /// <summary>As the file has it.</summary>
    public string Name { get; }

    /// <summary>The file that holds it.</summary>
    public string File => map.Path;

    /// <summary>Slowest first: [out, in] for a linear weight.</summary>
    public Shape Shape { get; }

    /// <summary>The storage type in the file format's own word.</summary>
    public string TypeName { get; }

    /// <summary>The type of the stored elements; null for blocks and for types that have no view.</summary>
    public DType? ElementType { get; }

    /// <summary>The block format of quantised GGUF tensors, else null.</summary>
    public GgmlType? BlockType { get; }

    /// <summary>The raw bytes, [bytes] of <see cref="DType.U8"/>, without copying.</summary>
    public Tensor Bytes => map.Bytes(offset, byteCount);

    /// <summary>The elements without copying. Addresses need not be aligned to the element size.</summary>
    /// <exception cref="QuireException">The tensor is not stored as elements of one type (see <see cref="ElementType"/>).</exception>
    public Tensor View => map.Tensor(offset, ElementType ?? throw NotReadable("viewed as elements"), Shape);

    /// <summary>True where <see cref="ReadRows"/> can decode the storage type.</summary>
    public bool CanRead => BlockType is { } block ? GgmlDequantizer.CanDequantize(block) : ElementType is { } type && FloatElements.CanWiden(type);

    /// <summary>Rows as float32, in the order of the file. A row is the last dimension; tensors of one dimension have one row.</summary>
    /// <param name="destination">[<paramref name="count"/> x <see cref="Shape.Columns"/>], written.</param>
    /// <exception cref="QuireException">The storage type holds no floating-point numbers or cannot be decoded by this build.</exception>
    /// <exception cref="ArgumentException">The rows do not exist, or do not fill <paramref name="destination"/> exactly.</exception>
    public void ReadRows(long firstRow, long count, Span<float> destination)
    {
        if (!CanRead) throw NotReadable("read as float32");
        if (firstRow < 0 || count < 0 || firstRow > Shape.Rows - count)
            throw new ArgumentOutOfRangeException(nameof(firstRow), $"{Name} {Shape} has no rows {firstRow} + {count}");
        if (count * Shape.Columns != destination.Length)
            throw new ArgumentException($"{Name}: {count} rows of {Shape.Columns} do not fill {destination.Length} elements", nameof(destination));
        if (destination.IsEmpty) return;

        long rowBytes = byteCount / Shape.Rows;
        if (rowBytes > int.MaxValue) throw NotReadable($"read in rows of {rowBytes} bytes");
        int columns = (int)Shape.Columns;
        for (long row = 0; row < count; row++)
            ReadRow(map.Span(offset + ((firstRow + row) * rowBytes), (int)rowBytes), destination.Slice((int)row * columns, columns));
    }

    private void ReadRow(ReadOnlySpan<byte> stored, Span<float> values)
    {
        if (BlockType is { } block) GgmlDequantizer.Dequantize(block, stored, values);
        else FloatElements.Widen(ElementType!.Value, stored, values);
    }

    private QuireException NotReadable(string what) => new(ErrorKind.NotSupported, $"{File}: {Name} is stored as {TypeName}, which cannot be {what}");

    public override string ToString() => $"{Name} {TypeName}{Shape}";
}
