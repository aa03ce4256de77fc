using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Formats;

/// <summary>compressed-tensors' pack-quantized: <c>weight_packed</c> along the inputs, <c>weight_scale</c> [outputs, groups], <c>weight_zero_point</c> packed along the
/// outputs, <c>weight_g_idx</c> the group of each input.</summary>
internal sealed class PackedIntRows : CodedRows
{
    private readonly int bits;
    private readonly CheckpointTensor weights;
    private readonly CheckpointTensor? packedZeros;
    private readonly float[] scales;

    private PackedIntRows(string name, int bits, CheckpointTensor weights, CheckpointTensor? packedZeros, float[] scales, long outputs, long inputs, CodedLayout coding)
        : base($"{name} in {weights.File}", outputs, inputs, coding) =>
        (this.bits, this.weights, this.packedZeros, this.scales) = (bits, weights, packedZeros, scales);

    public static PackedIntRows Open(ModuleTensors module, int bits, int groupSize, bool isSymmetric, long outputs, long inputs, ActivationScheme? activations)
    {
        string what = $"pack-quantized of {bits} bits in groups of {groupSize} for [{outputs}, {inputs}]";
        long words = ((inputs * bits) + 31) / 32, groups = (inputs + groupSize - 1) / groupSize;
        CheckpointTensor weights = module.Get("weight_packed", what, DType.I32, outputs, words);
        (float[] scales, DType scaleType) = module.Numbers("weight_scale", what, outputs * groups);
        CheckpointTensor? zeros = isSymmetric ? null : module.Get("weight_zero_point", what, DType.I32, ((outputs * bits) + 31) / 32, groups);
        int[]? order = module.Optional("weight_g_idx") is null ? null : InputGroups.Order(module.Get("weight_g_idx", what, DType.I32, inputs), (int)groups, groupSize);
        var coding = new CodedLayout(bits == 8 ? CodeKind.Unsigned8 : CodeKind.Unsigned4, groupSize, scaleType) { HasZeros = !isSymmetric, InputOrder = order, Activations = activations };
        return new PackedIntRows(module.Name, bits, weights, zeros, scales, outputs, inputs, coding);
    }

    public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
    {
        int words = (int)weights.Shape[1], groups = scales.Length;
        var stream = new BitStream(MemoryMarshal.Cast<byte, uint>(weights.Bytes.Slice(row * words * 4, words * 4).AsSpan<byte>()), 0, 1, bits);
        for (int k = 0; k < codes.Length; k++) codes[k] = (byte)stream[Coding.InputOrder?[k] ?? k];
        this.scales.AsSpan((int)row * groups, groups).CopyTo(scales);
        if (packedZeros is null) return;
        ReadOnlySpan<uint> zeroWords = MemoryMarshal.Cast<byte, uint>(packedZeros.Bytes.AsSpan<byte>());
        for (int group = 0; group < groups; group++) zeros[group] = (byte)new BitStream(zeroWords, group, groups, bits)[(int)row];
    }
}
