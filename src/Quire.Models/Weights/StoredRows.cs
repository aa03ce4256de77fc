using Quire.Formats;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>A checkpoint's matrix, row by row.</summary>
internal sealed class StoredRows(CheckpointTensor tensor) : IWeightRows
{
    private readonly long rowBytes = tensor.Bytes.ByteCount / Math.Max(1, tensor.Shape.Rows);
    private readonly Tensor bytes = tensor.Bytes;

    public string Name => $"{tensor.Name} in {tensor.File}";

    public Shape Shape { get; } = new(tensor.Shape.Rows, tensor.Shape.Columns);

    public WeightFormat Format { get; } = (tensor.ElementType, tensor.BlockType) switch
    {
        (DType.F32, _) => WeightFormat.F32,
        (DType.F16, _) => WeightFormat.F16,
        (DType.BF16, _) => WeightFormat.BF16,
        (_, GgmlType.Q8_0) => WeightFormat.Q8_0,
        (_, GgmlType.Q4_0) => WeightFormat.Q4_0,
        (_, GgmlType.Q4_1) => WeightFormat.Q4_1,
        (_, GgmlType.Q4_K) => WeightFormat.Q4_K,
        (_, GgmlType.Q5_K) => WeightFormat.Q5_K,
        _ => WeightFormat.Other,
    };

    public void Read(long row, Span<float> values) => tensor.ReadRows(row, 1, values);

    public ReadOnlySpan<byte> Raw(long row) => bytes.Slice(row * rowBytes, rowBytes).AsSpan<byte>();
}

/// <summary>Matrices with the same inputs as one, stacked along the outputs: query, key and value; gate and up.</summary>
internal sealed class StackedRows : IWeightRows
{
    private readonly IWeightRows[] parts;

    public StackedRows(params IWeightRows[] parts)
    {
        this.parts = parts;
        Shape = new Shape(parts.Sum(part => part.Shape[0]), parts[0].Shape[1]);
        Format = parts.All(part => part.Format == parts[0].Format) ? parts[0].Format : WeightFormat.Other;
    }

    public string Name => string.Join(" + ", parts.Select(part => part.Name));

    public Shape Shape { get; }

    /// <summary>The parts' format, or <see cref="WeightFormat.Other"/> where they differ.</summary>
    public WeightFormat Format { get; }

    public void Read(long row, Span<float> values) => Part(ref row).Read(row, values);

    public ReadOnlySpan<byte> Raw(long row) => Part(ref row).Raw(row);

    private IWeightRows Part(ref long row)
    {
        foreach (IWeightRows part in parts)
        {
            if (row < part.Shape[0]) return part;
            row -= part.Shape[0];
        }
        throw new ArgumentOutOfRangeException(nameof(row));
    }
}

/// <summary>Some rows of a matrix: a projection that is stored behind others.</summary>
internal sealed class SlicedRows(IWeightRows rows, long first, long count) : IWeightRows
{
    public string Name => $"rows {first} .. {first + count - 1} of {rows.Name}";

    public Shape Shape { get; } = new(count, rows.Shape[1]);

    public WeightFormat Format => rows.Format;

    public void Read(long row, Span<float> values) => rows.Read(first + row, values);

    public ReadOnlySpan<byte> Raw(long row) => rows.Raw(first + row);
}
