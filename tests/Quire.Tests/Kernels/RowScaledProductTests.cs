using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>int8 activations with one scale a row, as W8A8 checkpoints ask: runs of up to 1024 inputs under one weight scale are summed in integers, then scaled once.</summary>
public sealed class RowScaledProductTests
{
    public static IEnumerable<TheoryDataRow<string, CodeKind, int>> Cases =>
        from set in KernelSet.Available
        from kind in (CodeKind[])[CodeKind.Unsigned8, CodeKind.Unsigned4]
        from groupSize in (int[])[32, 128, int.MaxValue]
        select new TheoryDataRow<string, CodeKind, int>(set.Name, kind, groupSize);

    [Theory, MemberData(nameof(Cases))]
    public void Bits_are_those_of_the_definition_for_every_number_of_rows(string set, CodeKind kind, int groupSize)
    {
        foreach (int inputs in (int[])[32, 96, 352, 1024, 1056, 2400])
        {
            foreach (int outputs in (int[])[5, 100])
            {
                var matrix = new RandomCodes(outputs, inputs, ByRow(kind, Math.Min(groupSize, inputs)), inputs + outputs);
                foreach (int rows in inputs == 352 ? (int[])[1, 2, 7, 11, 12, 13, 15, 16, 17, 33, 100, 450] : [1, 33])
                {
                    float[] x = KernelSets.Floats(rows, rows * inputs);
                    uint[] actual = KernelSets.Product(set, matrix, x, rows, DType.F32, CpuActivations.Int8);
                    Assert.Equal(Expected(matrix, x, rows), actual);
                }
            }
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Largest_codes_do_not_overflow_and_what_is_not_a_number_stays_in_its_row(string set)
    {
        const int inputs = 4096, outputs = 20, rows = 40;
        var matrix = new RandomCodes(outputs, inputs, ByRow(CodeKind.Unsigned8, inputs), 1, onlyLowest: true);
        float[] x = new float[rows * inputs];
        Array.Fill(x, -1);
        x[5 * inputs] = float.NaN;
        uint[] actual = KernelSets.Product(set, matrix, x, rows, DType.F32, CpuActivations.Int8);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < outputs; column++)
            {
                float value = BitConverter.UInt32BitsToSingle(actual[(row * outputs) + column]);
                if (row == 5) Assert.True(float.IsNaN(value));
                else Assert.Equal(128.0 * inputs * matrix.Scale(column, 0), value, 128.0 * inputs * matrix.Scale(column, 0) * 4e-7);
            }
        }
    }

    private static CodedLayout ByRow(CodeKind kind, int groupSize) => new(kind, groupSize, DType.F32) { Activations = new ActivationScheme(ActivationFormat.Int8) };

    private static uint[] Expected(RandomCodes matrix, float[] x, int rows)
    {
        const int run = 1024;
        int inputs = (int)matrix.Shape[1], outputs = (int)matrix.Shape[0], middle = matrix.Coding.Kind == CodeKind.Unsigned4 ? 8 : 128;
        var bits = new uint[rows * outputs];
        var codes = new int[inputs];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> values = x.AsSpan(row * inputs, inputs);
            float largest = 0;
            foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
            float scale = largest / 127;
            for (int k = 0; k < inputs; k++) codes[k] = (int)MathF.Round(values[k] / scale);
            for (int column = 0; column < outputs; column++)
            {
                float sum = 0;
                for (int group = 0; group < inputs; group += matrix.Coding.GroupSize)
                {
                    int end = Math.Min(inputs, group + matrix.Coding.GroupSize);
                    for (int start = group; start < end; start += run)
                    {
                        int dot = 0;
                        for (int k = start; k < Math.Min(end, start + run); k++) dot += codes[k] * (matrix.Code(column, k) - middle);
                        sum = MathF.FusedMultiplyAdd(dot * matrix.Scale(column, group / matrix.Coding.GroupSize), scale, sum);
                    }
                }
                bits[(row * outputs) + column] = BitConverter.SingleToUInt32Bits(sum);
            }
        }
        return bits;
    }
}
