using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>GPTQ: <c>qweight</c> packed along the inputs, <c>qzeros</c> along the outputs, <c>scales</c> [groups, outputs], <c>g_idx</c> the group of each input.</summary>
internal sealed class GptqRows : CodedRows
{
    private readonly int bits, outputs;
    private readonly CheckpointTensor weights;
    private readonly float[] scales;
    private readonly byte[] zeros;

    private GptqRows(ModuleTensors module, int bits, CheckpointTensor weights, float[] scales, byte[] zeros, long outputs, long inputs, CodedLayout coding)
        : base($"{module.Name} in {weights.File}", outputs, inputs, coding) =>
        (this.bits, this.outputs, this.weights, this.scales, this.zeros) = (bits, (int)outputs, weights, scales, zeros);

    /// <param name="zerosAreLess">Stored zeros are one less than the zero.</param>
    public static GptqRows Open(ModuleTensors module, int bits, int groupSize, bool zerosAreLess, long outputs, long inputs)
    {
        string what = $"GPTQ of {bits} bits in groups of {groupSize} for [{outputs}, {inputs}]";
        if (inputs * bits % 32 != 0 || outputs * bits % 32 != 0) throw new QuireException(ErrorKind.NotSupported, $"{module.Name}: {what} does not fill whole words.");
        int groups = (int)((inputs + groupSize - 1) / groupSize);
        CheckpointTensor weights = module.Get("qweight", what, DType.I32, inputs * bits / 32, outputs);
        CheckpointTensor packedZeros = module.Get("qzeros", what, DType.I32, groups, outputs * bits / 32);
        (float[] scales, DType scaleType) = module.Numbers("scales", what, groups * outputs);
        int[]? order = module.Optional("g_idx") is null ? null : InputGroups.Order(module.Get("g_idx", what, DType.I32, inputs), groups, groupSize);

        var zeros = new byte[groups * outputs];
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(packedZeros.Bytes.AsSpan<byte>());
        for (int group = 0; group < groups; group++)
        {
            var stream = new BitStream(words, (int)(group * (outputs * bits / 32)), 1, bits);
            // A v1 writer stored a zero of 0 as -1 in that many bits.
            for (int n = 0; n < outputs; n++) zeros[(group * outputs) + n] = (byte)((stream[n] + (zerosAreLess ? 1 : 0)) & ((1 << bits) - 1));
        }
        var coding = new CodedLayout(bits == 8 ? CodeKind.Unsigned8 : CodeKind.Unsigned4, groupSize, scaleType) { InputOrder = order };
        coding = coding with { HasZeros = bits >= 4 && zeros.Any(zero => zero != coding.Middle) };
        return new GptqRows(module, bits, weights, scales, zeros, outputs, inputs, coding);
    }

    public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
    {
        var stream = new BitStream(MemoryMarshal.Cast<byte, uint>(weights.Bytes.AsSpan<byte>()), (int)row, outputs, bits);
        for (int group = 0; group < scales.Length; group++)
        {
            scales[group] = this.scales[(group * outputs) + row];
            zeros[group] = this.zeros[(group * outputs) + row];
        }
        for (int k = 0; k < codes.Length; k++)
        {
            int code = stream[Coding.InputOrder?[k] ?? k];
            // Codes of fewer bits leave room to move their zero to the middle.
            codes[k] = (byte)(bits < 4 ? code + Coding.Middle - zeros[k / Coding.GroupSize] : code);
        }
    }
}
