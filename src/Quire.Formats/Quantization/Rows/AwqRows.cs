using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>AWQ's GEMM layout: <c>qweight</c> [inputs, outputs / 8] and <c>qzeros</c> [groups, outputs / 8], eight outputs to a word, even ones first.</summary>
internal sealed class AwqRows : CodedRows
{
    private readonly int outputs;
    private readonly CheckpointTensor weights, packedZeros;
    private readonly float[] scales;

    private AwqRows(ModuleTensors module, CheckpointTensor weights, CheckpointTensor packedZeros, float[] scales, long outputs, long inputs, CodedLayout coding)
        : base($"{module.Name} in {weights.File}", outputs, inputs, coding) =>
        (this.outputs, this.weights, this.packedZeros, this.scales) = ((int)outputs, weights, packedZeros, scales);

    public static AwqRows Open(ModuleTensors module, int groupSize, long outputs, long inputs)
    {
        string what = $"AWQ in groups of {groupSize} for [{outputs}, {inputs}]";
        if (outputs % 8 != 0) throw new QuireException(ErrorKind.NotSupported, $"{module.Name}: {what} does not fill whole words.");
        long groups = (inputs + groupSize - 1) / groupSize;
        CheckpointTensor weights = module.Get("qweight", what, DType.I32, inputs, outputs / 8);
        CheckpointTensor zeros = module.Get("qzeros", what, DType.I32, groups, outputs / 8);
        (float[] scales, DType scaleType) = module.Numbers("scales", what, groups * outputs);
        return new AwqRows(module, weights, zeros, scales, outputs, inputs, new CodedLayout(CodeKind.Unsigned4, groupSize, scaleType) { HasZeros = true });
    }

    public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
    {
        int stride = outputs / 8, word = (int)row / 8, output = (int)row % 8;
        // Outputs 0 2 4 6 1 3 5 7 from the low bits up.
        int shift = 4 * ((output / 2) + (output % 2 * 4));
        Unpack(weights, codes);
        Unpack(packedZeros, zeros);
        for (int group = 0; group < scales.Length; group++) scales[group] = this.scales[(group * outputs) + (int)row];

        void Unpack(CheckpointTensor tensor, Span<byte> to)
        {
            ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(tensor.Bytes.AsSpan<byte>());
            for (int k = 0; k < to.Length; k++) to[k] = (byte)((words[(k * stride) + word] >> shift) & 15);
        }
    }
}
