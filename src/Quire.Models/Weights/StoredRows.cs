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
        (_, GgmlType.Q5_1) => WeightFormat.Q5_1,
        (_, GgmlType.Q4_K) => WeightFormat.Q4_K,
        (_, GgmlType.Q5_K) => WeightFormat.Q5_K,
        (_, GgmlType.Q2_K) => WeightFormat.Q2_K,
        (_, GgmlType.Q3_K) => WeightFormat.Q3_K,
        (_, GgmlType.Q6_K) => WeightFormat.Q6_K,
        (_, { } block) when GgmlCodes.Layout(block) is not null => WeightFormat.Coded,
        _ => WeightFormat.Other,
    };

    public CodedLayout? Coding { get; } = tensor.BlockType is { } block ? GgmlCodes.Layout(block) : null;

    public void Read(long row, Span<float> values) => tensor.ReadRows(row, 1, values);

    public ReadOnlySpan<byte> Raw(long row) => bytes.Slice(row * rowBytes, rowBytes).AsSpan<byte>();

    public void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros) => GgmlCodes.Read(tensor.BlockType!.Value, Raw(row), codes, scales);
}

/// <summary>Some rows of a matrix: a projection that is stored behind others.</summary>
internal sealed class SlicedRows(IWeightRows rows, long first, long count) : RowView(rows, count)
{
    public override string Name => $"rows {first} .. {first + Shape[0] - 1} of {base.Name}";

    protected override long Stored(long row) => first + row;
}
