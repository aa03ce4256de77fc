using Quire.Tensors;

namespace Quire.Formats;

/// <summary>float4 e2m1, two to a byte, low nibble first, with a scale for each group of inputs.</summary>
public sealed class Fp4Rows : CodedRows
{
    /// <summary>Numbers of the sixteen codes; bit 3 is the sign.</summary>
    public static readonly float[] E2M1 = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    private readonly CheckpointTensor weights, scales;
    private readonly long firstRow;
    private readonly float divisor;

    private Fp4Rows(string name, CheckpointTensor weights, CheckpointTensor scales, long firstRow, float divisor, long outputs, long inputs, CodedLayout coding)
        : base($"{name} in {weights.File}", outputs, inputs, coding) =>
        (this.weights, this.scales, this.firstRow, this.divisor) = (weights, scales, firstRow, divisor);

    /// <summary>NVFP4: groups of 16 with float8 scales and one f32 for all.</summary>
    /// <param name="weightName">End of the codes' name.</param>
    /// <param name="factor">Multiplies all scales.</param>
    /// <param name="divisor">Divides them.</param>
    public static Fp4Rows OpenNvfp4(ModuleTensors module, string weightName, float factor, float divisor, long outputs, long inputs, ActivationScheme? activations)
    {
        string what = $"NVFP4 for [{outputs}, {inputs}]";
        if (inputs % 16 != 0) throw new QuireException(ErrorKind.NotSupported, $"{module.Name}: {what} does not fill whole groups of 16.");
        CheckpointTensor weights = module.Get(weightName, what, DType.U8, outputs, inputs / 2);
        CheckpointTensor scales = module.Get("weight_scale", what, DType.F8E4M3, outputs, inputs / 16);
        _ = module.Numbers("weight_scale", what, outputs * (inputs / 16));
        var coding = new CodedLayout(CodeKind.Level, 16, DType.F16) { Levels = E2M1, Factor = factor / divisor, Activations = activations };
        return new Fp4Rows(module.Name, weights, scales, 0, divisor, outputs, inputs, coding);
    }

    /// <summary>MXFP4: groups of 32 with power-of-two scales. Rows may be some of a tensor that stacks experts.</summary>
    /// <param name="blocks">[..., inputs / 32, 16] U8.</param>
    /// <param name="scales">[..., inputs / 32] U8: exponent + 127.</param>
    /// <param name="firstRow">First row of these, counting the rows of all leading dimensions.</param>
    /// <exception cref="QuireException">Shapes do not fit.</exception>
    public static Fp4Rows OpenMxfp4(CheckpointTensor blocks, CheckpointTensor scales, long firstRow, long outputs, long inputs)
    {
        long rows = blocks.Shape.Count / Math.Max(1, inputs / 2);
        if (blocks.ElementType != DType.U8 || scales.ElementType != DType.U8 || inputs % 32 != 0 || rows * inputs / 2 != blocks.Shape.Count || rows * inputs / 32 != scales.Shape.Count || firstRow + outputs > rows)
            throw QuireException.BadFile(blocks.File, $"{blocks.Name} {blocks.TypeName}{blocks.Shape} and {scales.Name} {scales.TypeName}{scales.Shape} are not MXFP4 with {inputs} inputs");
        return new Fp4Rows(blocks.Name, blocks, scales, firstRow, 1, outputs, inputs, new CodedLayout(CodeKind.Level, 32, DType.BF16) { Levels = E2M1 });
    }

    public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
    {
        row += firstRow;
        ReadOnlySpan<byte> bytes = weights.Bytes.Slice(row * (codes.Length / 2), codes.Length / 2).AsSpan<byte>();
        for (int i = 0; i < bytes.Length; i++) (codes[2 * i], codes[(2 * i) + 1]) = ((byte)(bytes[i] & 15), (byte)(bytes[i] >> 4));
        ReadOnlySpan<byte> stored = this.scales.Bytes.Slice(row * scales.Length, scales.Length).AsSpan<byte>();
        bool isFloat8 = this.scales.ElementType == DType.F8E4M3;
        for (int group = 0; group < scales.Length; group++)
        {
            if (!isFloat8 && stored[group] == 255) throw QuireException.BadFile(this.scales.File, $"{this.scales.Name} holds NaN");
            scales[group] = isFloat8 ? Float8.WidenE4M3(stored[group]) : MathF.ScaleB(1, stored[group] - 127);
        }
    }

    // Dividing and multiplying by the quotient round differently: the format that divides is read so.
    protected override float Scale(float stored) => divisor == 1 ? base.Scale(stored) : stored / divisor;
}
