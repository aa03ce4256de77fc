using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>bf16 activations times codes, scaled by run: on every CPU that has the instructions, also where f32 or tile registers are faster.</summary>
public sealed unsafe class BFloatCodeTests
{
    private const string Missing = "This CPU has no vdpbf16ps, or no vpermb.";

    private static bool IsSupported => BFloatCodeTiles.Has(new PackedFormat(CodeType.Bits8, Packing.Group));

    public static IEnumerable<TheoryDataRow<CodeKind, int, bool>> Cases =>
        from kind in (CodeKind[])[CodeKind.Unsigned4, CodeKind.Unsigned8, CodeKind.Level, CodeKind.E4M3]
        from groupSize in (int[])[32, 64, 96, 128, 256, 288, 544, int.MaxValue]
        from hasZeros in kind is CodeKind.Level or CodeKind.E4M3 ? [false] : (bool[])[false, true]
        select new TheoryDataRow<CodeKind, int, bool>(kind, groupSize, hasZeros);

    [Theory, MemberData(nameof(Cases))]
    public void Products_equal_a_double_precision_oracle(CodeKind kind, int groupSize, bool hasZeros)
    {
        Assert.SkipUnless(IsSupported, Missing);
        foreach (DType scaleType in (DType[])[DType.F16, DType.BF16, DType.F32])
        {
            foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])[(1, 33, 5), (1, 800, 130), (2, 544, 70), (5, 1120, 33), (7, 96, 64), (12, 352, 48), (13, 800, 17), (30, 608, 80), (97, 1120, 66)])
                Compare(new RandomCodes(outputs, inputs, Layout(kind, Math.Min(groupSize, inputs), scaleType, hasZeros), rows + inputs), rows);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_row_has_the_same_bits_in_any_batch(CodeKind kind, int groupSize, bool hasZeros)
    {
        Assert.SkipUnless(IsSupported, Missing);
        const int rows = 210, inputs = 1120, outputs = 100;
        var matrix = new RandomCodes(outputs, inputs, Layout(kind, Math.Min(groupSize, inputs), DType.F16, hasZeros), 4);
        float[] x = KernelSets.Floats(5, rows * inputs);
        float[] together = Run(matrix, x, rows);
        foreach (int count in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 21, 25, 60, 80, 81, 96, 97, 209]) Assert.Equal(together[..(count * outputs)], Run(matrix, x[..(count * inputs)], count));
    }

    [Fact]
    public void What_is_not_a_number_stays_in_its_row()
    {
        Assert.SkipUnless(IsSupported, Missing);
        const int rows = 14, inputs = 320, outputs = 20;
        foreach (CodeKind kind in (CodeKind[])[CodeKind.Unsigned4, CodeKind.Unsigned8])
        {
            float[] x = KernelSets.Floats(5, rows * inputs);
            x[(5 * inputs) + 40] = float.NaN;
            x[(6 * inputs) + 300] = float.PositiveInfinity;
            float[] y = Run(new RandomCodes(outputs, inputs, Layout(kind, 64, DType.F16, hasZeros: true), 4), x, rows);
            for (int i = 0; i < y.Length; i++) Assert.Equal(i / outputs is not (5 or 6), float.IsFinite(y[i]));
        }
    }

    private static CodedLayout Layout(CodeKind kind, int groupSize, DType scaleType, bool hasZeros) => new(kind, groupSize, scaleType)
    {
        HasZeros = hasZeros,
        Levels = kind == CodeKind.Level ? [.. Enumerable.Range(0, 16).Select(i => (i * i / 7f) - 5)] : null,
    };

    private static float[] Run(RandomCodes matrix, float[] x, int rows)
    {
        List<NativeBuffer> owned = [];
        using PackedWeight weight = Packing.Pack(KernelSets.Pool, matrix, PackedFormat.F32);
        int inputs = (int)matrix.Shape[1], outputs = (int)matrix.Shape[0], groups = (int)PackedFormat.Padded(inputs) / Packing.Group;
        Tensor input = KernelSets.Upload(owned, x, DType.F32, new Shape(rows, inputs)), output = KernelSets.Unwritten(owned, new Shape(rows, outputs));
        using var memory = new NativeBuffer(BFloatRecords.Bytes(rows, groups));
        var records = new BFloatRecords(memory.Address, new RowBlocks(rows, BFloatCodeTiles.Of(weight.Format).BlockRows), new BFloatRuns(weight.Format, groups), weight.Format.HasNibbles);
        var rounding = new BFloatRecordRounding<Avx512Lanes>((float*)input.Address, inputs, records);
        KernelSets.Pool.Run(ref rounding, rounding.Items);
        var job = new BFloatCodeLinearJob<Avx512Lanes>(KernelSets.Pool, weight, records, new ProductOutput((float*)output.Address, outputs, outputs, null, null));
        KernelSets.Pool.Run(ref job, job.Items);
        float[] values = output.AsSpan<float>().ToArray();
        owned.ForEach(buffer => buffer.Dispose());
        return values;
    }

    private static void Compare(RandomCodes matrix, int rows)
    {
        int inputs = (int)matrix.Shape[1], outputs = (int)matrix.Shape[0], groupSize = matrix.Coding.GroupSize;
        float[] x = KernelSets.Floats(inputs, rows * inputs), actual = Run(matrix, x, rows);
        for (int column = 0; column < outputs; column++)
        {
            for (int row = 0; row < rows; row++)
            {
                double sum = 0, magnitude = 0;
                for (int k = 0; k < inputs; k++)
                {
                    double rounded = Rounded(x[(row * inputs) + k]), scale = matrix.Scale(column, k / groupSize), number = Number(matrix.Coding, matrix.Code(column, k)), zero = matrix.Zero(column, k / groupSize);
                    sum += rounded * scale * (number - zero);
                    magnitude += Math.Abs(rounded * scale) * (Math.Abs(number) + zero);
                }
                // A multiply-add an input and as many additions of inputs, then two multiply-adds a run of 32 inputs at least, and a zero times its scale; each rounds by at most eps / 2 of the magnitude so far.
                double tolerance = (inputs + (inputs / 16.0) + 4) * 0.5 * 1.1920929e-7 * magnitude, error = Math.Abs(sum - actual[(row * outputs) + column]);
                Assert.True(error <= tolerance, $"{rows}x{inputs}x{outputs} [{row}, {column}]: off by {error:g3}, allowed {tolerance:g3}");
            }
        }
    }

    private static double Number(CodedLayout coding, int code) => coding.Kind switch
    {
        CodeKind.Level => Rounded(coding.Levels![code]),
        CodeKind.E4M3 => Float8.WidenE4M3((byte)code),
        _ when coding.HasZeros => code,
        CodeKind.Unsigned4 => code - 8,
        _ => code - 128,
    };

    private static float Rounded(float x) => BitConverter.UInt32BitsToSingle((uint)Packing.RoundToBf16(x) << 16);
}
