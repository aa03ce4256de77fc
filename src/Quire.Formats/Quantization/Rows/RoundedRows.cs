using System.Buffers;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>Formats that a matrix of plain numbers can be rounded to.</summary>
public enum RoundedFormat
{
    /// <summary>float8 e4m3 with a scale for each output; inputs rounded to float8 by row.</summary>
    Fp8,

    /// <summary>int8 with a scale for each output; inputs rounded to int8 by row.</summary>
    Int8,

    /// <summary>int4 with a scale for each 128 inputs; inputs stay as they are.</summary>
    Int4,
}

/// <summary>A matrix of plain numbers, rounded row by row as it is read. The bits are those that <c>quire quantize</c> writes.</summary>
public sealed class RoundedRows : CodedRows
{
    private const int GroupSize = 128, SmallGroupSize = 32;
    private const int Int4Middle = 8;
    private readonly IWeightRows source;
    private readonly RoundedFormat format;

    public RoundedRows(IWeightRows source, RoundedFormat format)
        : base(source.Name, source.Shape[0], source.Shape[1], Layout(format, source.Shape[1])) => (this.source, this.format) = (source, format);

    /// <summary>Inputs that share a scale of int4: 128, or 32, or all where those do not divide them.</summary>
    public static int Int4GroupSize(long inputs) => inputs % GroupSize == 0 ? GroupSize : inputs % SmallGroupSize == 0 ? SmallGroupSize : (int)inputs;

    public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(codes.Length);
        Span<float> values = rented.AsSpan(0, codes.Length);
        source.Read(row, values);
        for (int group = 0; group < scales.Length; group++)
        {
            int start = group * Coding.GroupSize, count = Math.Min(Coding.GroupSize, values.Length - start);
            scales[group] = Round(values.Slice(start, count), codes.Slice(start, count));
        }
        ArrayPool<float>.Shared.Return(rented);
    }

    private float Round(ReadOnlySpan<float> values, Span<byte> codes)
    {
        float largest = 0;
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) throw new QuireException(ErrorKind.InvalidRequest, $"{Name} holds {value}, which cannot be quantised.");
            largest = Math.Max(largest, Math.Abs(value));
        }
        switch (format)
        {
            case RoundedFormat.Fp8:
                float scale = Bf16(largest / Float8.MaxE4M3);
                for (int k = 0; k < values.Length; k++) codes[k] = scale == 0 ? (byte)0 : Float8.RoundE4M3(values[k] / scale);
                return scale;
            case RoundedFormat.Int8:
                scale = Bf16(largest / 127);
                for (int k = 0; k < values.Length; k++) codes[k] = (byte)(128 + (scale == 0 ? 0 : Math.Clamp((int)MathF.Round(values[k] / scale), -128, 127)));
                return scale;
            default:
                scale = BestInt4Scale(values, largest);
                for (int k = 0; k < values.Length; k++) codes[k] = (byte)(Int4Middle + (scale == 0 ? 0 : Math.Clamp((int)MathF.Round(values[k] / scale), -Int4Middle, Int4Middle - 1)));
                return scale;
        }
    }

    // Of a few scales that clamp more or less, the one with the smallest squared error.
    private static float BestInt4Scale(ReadOnlySpan<float> values, float largest)
    {
        float best = 0;
        double least = double.PositiveInfinity;
        for (int step = 0; step < 8; step++)
        {
            float scale = Bf16(largest / 7.5f * (1 - (0.05f * step)));
            if (scale == 0) return 0;
            double error = 0;
            foreach (float value in values)
            {
                float difference = value - (Math.Clamp(MathF.Round(value / scale), -Int4Middle, Int4Middle - 1) * scale);
                error += difference * difference;
            }
            if (error < least) (least, best) = (error, scale);
        }
        return best;
    }

    private static float Bf16(float value) => BFloats.Widen(BFloats.Round(value));

    private static CodedLayout Layout(RoundedFormat format, long inputs) => format switch
    {
        RoundedFormat.Fp8 => new CodedLayout(CodeKind.E4M3, (int)inputs, DType.BF16) { Activations = new ActivationScheme(ActivationFormat.E4M3) },
        RoundedFormat.Int8 => new CodedLayout(CodeKind.Unsigned8, (int)inputs, DType.BF16) { Activations = new ActivationScheme(ActivationFormat.Int8) },
        _ => new CodedLayout(CodeKind.Unsigned4, Int4GroupSize(inputs), DType.BF16),
    };
}
