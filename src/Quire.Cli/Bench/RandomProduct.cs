using Quire.Formats;
using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Cli;

/// <summary>A line of the kernel table: a weight of random contents, and what its inputs are rounded to.</summary>
/// <param name="Coding">Of coded weights, by number of inputs.</param>
internal sealed record RandomProduct(string Name, WeightFormat Format, CpuActivations Activations, Func<int, CodedLayout>? Coding = null)
{
    private const int GroupSize = 128;

    public static readonly IReadOnlyList<RandomProduct> All =
    [
        Of(WeightFormat.F32, CpuActivations.F32), Of(WeightFormat.BF16, CpuActivations.BF16), Of(WeightFormat.F16, CpuActivations.BF16),
        Of(WeightFormat.Q8_0, CpuActivations.BF16), Of(WeightFormat.Q4_0, CpuActivations.BF16), Of(WeightFormat.Q4_1, CpuActivations.BF16),
        // As AWQ has it: groups of 128 with zeros.
        new("W4A16", WeightFormat.Coded, CpuActivations.BF16, _ => new CodedLayout(CodeKind.Unsigned4, GroupSize, DType.F16) { HasZeros = true }),
        // As FP8 checkpoints have it: blocks of 128 x 128.
        new("FP8 x BF16", WeightFormat.Coded, CpuActivations.BF16, _ => new CodedLayout(CodeKind.E4M3, GroupSize, DType.F32)),
        new("W8A8", WeightFormat.Coded, CpuActivations.Int8, inputs => new CodedLayout(CodeKind.Unsigned8, inputs, DType.BF16) { Activations = new ActivationScheme(ActivationFormat.Int8) }),
        Of(WeightFormat.Q8_0, CpuActivations.Int8), Of(WeightFormat.Q4_0, CpuActivations.Int8), Of(WeightFormat.Q4_1, CpuActivations.Int8),
        new("IQ4_NL x Int8", WeightFormat.Coded, CpuActivations.Int8, _ => GgmlCodes.Layout(GgmlType.IQ4_NL)!),
        Of(WeightFormat.Q4_K, CpuActivations.Int8), Of(WeightFormat.Q5_K, CpuActivations.Int8), Of(WeightFormat.Q6_K, CpuActivations.Int8), Of(WeightFormat.Q3_K, CpuActivations.Int8),
        Of(WeightFormat.Q2_K, CpuActivations.BF16),
    ];

    public RandomRows Rows(int outputs, int inputs) => new(Format, outputs, inputs, Coding?.Invoke(inputs));

    /// <summary>Bytes of the weight as published: codes, scales of 16 bits, and bytes of zeros.</summary>
    public long Bytes(int outputs, int inputs) => Coding?.Invoke(inputs) is not { } coding
        ? outputs * RandomRows.BytesPerRow(Format, inputs)
        : outputs * ((coding.Kind is CodeKind.Unsigned4 or CodeKind.Level ? (inputs + 1L) / 2 : inputs) + (coding.Groups(inputs) * (coding.HasZeros ? 3L : 2)));

    private static RandomProduct Of(WeightFormat format, CpuActivations activations) => new($"{format} x {activations}", format, activations);
}
