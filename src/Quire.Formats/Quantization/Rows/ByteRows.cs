using Quire.Tensors;

namespace Quire.Formats;

/// <summary>One byte a number, float8 e4m3 or int8, with scales for the whole matrix, each output, or blocks of both dimensions.</summary>
internal sealed class ByteRows : CodedRows
{
    private readonly CheckpointTensor weights;
    private readonly float[] scales;
    private readonly int rowsPerScale;
    private readonly float divisor;

    private ByteRows(string name, CheckpointTensor weights, float[] scales, int rowsPerScale, float divisor, long outputs, long inputs, CodedLayout coding)
        : base($"{name} in {weights.File}", outputs, inputs, coding) =>
        (this.weights, this.scales, this.rowsPerScale, this.divisor) = (weights, scales, rowsPerScale, divisor);

    /// <param name="type"><see cref="DType.F8E4M3"/> or <see cref="DType.I8"/>.</param>
    /// <param name="scaleName">End of the scales' name.</param>
    /// <param name="block">Outputs and inputs that share a scale; null for one scale or one for each output, whichever is stored.</param>
    /// <param name="divisor">What a number times its scale is divided by.</param>
    public static ByteRows Open(ModuleTensors module, DType type, string scaleName, (int Rows, int Columns)? block, long outputs, long inputs, ActivationScheme? activations, float divisor = 1)
    {
        string what = $"{(type == DType.I8 ? "int8" : "float8")} for [{outputs}, {inputs}]";
        CheckpointTensor weights = module.Get("weight", what, type, outputs, inputs);
        CodeKind kind = type == DType.I8 ? CodeKind.Unsigned8 : CodeKind.E4M3;
        int groupSize = block is { } b ? b.Columns : (int)inputs;
        long groups = (inputs + groupSize - 1) / groupSize;
        (float[] scales, DType scaleType) = block is { } size
            ? module.Numbers(scaleName, what, (outputs + size.Rows - 1) / size.Rows * groups)
            : module.Numbers(scaleName, what, 1, outputs);
        int rowsPerScale = block?.Rows ?? (scales.Length == 1 ? (int)outputs : 1);
        var coding = new CodedLayout(kind, groupSize, divisor == 1 ? scaleType : DType.F32) { Activations = activations };
        return new ByteRows(module.Name, weights, scales, rowsPerScale, divisor, outputs, inputs, coding);
    }

    public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
    {
        weights.Bytes.Slice(row * codes.Length, codes.Length).AsSpan<byte>().CopyTo(codes);
        this.scales.AsSpan((int)(row / rowsPerScale) * scales.Length, scales.Length).CopyTo(scales);
        if (divisor != 1)
            foreach (ref float scale in scales) scale /= divisor;
        if (Coding.Kind == CodeKind.Unsigned8)
            foreach (ref byte code in codes) code ^= 0x80;
        else if (codes.ContainsAny((byte)0x7f, (byte)0xff)) throw QuireException.BadFile(weights.File, $"{weights.Name} holds NaN");
    }
}
