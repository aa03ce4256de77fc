using System.Buffers;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>A matrix of codes: decoding them is common to all formats.</summary>
public abstract class CodedRows(string name, long outputs, long inputs, CodedLayout coding) : IWeightRows
{
    public string Name => name;

    public Shape Shape { get; } = new(outputs, inputs);

    public WeightFormat Format => WeightFormat.Coded;

    public CodedLayout Coding => coding;

    public abstract void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros);

    /// <summary>The factor of a group's codes, from its stored scale.</summary>
    protected virtual float Scale(float stored) => coding.Factor == 1 ? stored : stored * coding.Factor;

    /// <summary>One number; (number of the code - zero) * scale, each operation rounded once.</summary>
    protected virtual float Value(float number, float scale) => number * scale;

    public void Read(long row, Span<float> values)
    {
        int inputs = (int)Shape[1], groups = coding.Groups(inputs);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(inputs + groups);
        float[] scales = ArrayPool<float>.Shared.Rent(groups);
        Span<byte> codes = bytes.AsSpan(0, inputs), zeros = bytes.AsSpan(inputs, groups);
        ReadCodes(row, codes, scales.AsSpan(0, groups), zeros);
        for (int group = 0; group < groups; group++)
        {
            float scale = Scale(scales[group]);
            int zero = coding.HasZeros ? zeros[group] : coding.Middle;
            int end = Math.Min(inputs, (group + 1) * coding.GroupSize);
            for (int k = group * coding.GroupSize; k < end; k++)
                values[coding.InputOrder?[k] ?? k] = Value(coding.Number(codes[k]) - zero, scale);
        }
        ArrayPool<byte>.Shared.Return(bytes);
        ArrayPool<float>.Shared.Return(scales);
    }

    public ReadOnlySpan<byte> Raw(long row) => throw new NotSupportedException($"{Name} is read by codes");
}
