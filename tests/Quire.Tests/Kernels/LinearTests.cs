using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

public sealed class LinearTests
{
    public static IEnumerable<TheoryDataRow<string, WeightFormat>> Cases =>
        from set in KernelSet.Available
        from format in Enum.GetValues<WeightFormat>().Where(format => !StoredMatrix.IsSuperblocks(format) && format != WeightFormat.Coded)
        select new TheoryDataRow<string, WeightFormat>(set.Name, format);

    [Theory, MemberData(nameof(Cases))]
    public void Products_equal_a_double_precision_oracle_for_awkward_sizes(string set, WeightFormat format)
    {
        int[] inputs = StoredMatrix.IsGrouped(format) ? [32, 64, 96, 160] : [1, 2, 31, 64, 65, 130];
        foreach (int rows in (int[])[1, 2, 3, 5, 6, 7, 13, 97])
            foreach (int k in inputs)
                foreach (int n in (int[])[1, 15, 16, 17, 64, 65, 130]) Compare(set, format, rows, k, n);
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_row_has_the_same_bits_in_any_batch(string set, WeightFormat format)
    {
        const int all = 64;
        int inputs = StoredMatrix.IsGrouped(format) ? 160 : 131;
        List<NativeBuffer> owned = [];
        using PreparedLinear weight = KernelSets.Device(set).Prepare(new StoredMatrix(format, 100, inputs, 3));
        float[] input = KernelSets.Floats(5, all * inputs);
        uint[] together = Run(input, all);
        for (int rows = 1, first = 0; first + rows <= all; first += rows, rows = (rows % 13) + 1)
            Assert.Equal(together[(first * 100)..((first + rows) * 100)], Run(input[(first * inputs)..((first + rows) * inputs)], rows));
        owned.ForEach(buffer => buffer.Dispose());

        uint[] Run(float[] values, int rows)
        {
            Tensor output = KernelSets.Unwritten(owned, new Shape(rows, 100));
            KernelSets.Device(set).Linear(output, KernelSets.Upload(owned, values, DType.F32, new Shape(rows, inputs)), weight, default);
            return KernelSets.Bits(output);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Every_instruction_set_gives_the_same_bits(string set, WeightFormat format)
    {
        var matrix = new StoredMatrix(format, 80, 96, 9);
        float[] input = KernelSets.Floats(10, 7 * 96);
        Assert.Equal(Run("portable"), Run(set));

        uint[] Run(string name)
        {
            List<NativeBuffer> owned = [];
            CpuDevice device = KernelSets.Device(name);
            using PreparedLinear weight = device.Prepare(matrix);
            Tensor output = KernelSets.Unwritten(owned, new Shape(7, 80));
            device.Linear(output, KernelSets.Upload(owned, input, DType.F32, new Shape(7, 96)), weight, default);
            uint[] bits = KernelSets.Bits(output);
            owned.ForEach(buffer => buffer.Dispose());
            return bits;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Embedding_rows_are_the_values_that_the_product_multiplies_with(string set, WeightFormat format)
    {
        List<NativeBuffer> owned = [];
        CpuDevice device = KernelSets.Device(set);
        var matrix = new StoredMatrix(format, 50, 64, 4);
        using PreparedLinear table = device.Prepare(matrix);
        int[] ids = [49, 0, 17, 16];
        Tensor output = KernelSets.Unwritten(owned, new Shape(4, 64));
        device.Embed(output, KernelSets.Upload(owned, ids, DType.I32, new Shape(4)), table, 1);
        for (int i = 0; i < ids.Length; i++) Assert.Equal(matrix.Row(ids[i]), output.Slice(i, 1).AsSpan<float>().ToArray());
        owned.ForEach(buffer => buffer.Dispose());
    }

    private static void Compare(string set, WeightFormat format, int rows, int k, int n)
    {
        List<NativeBuffer> owned = [];
        CpuDevice device = KernelSets.Device(set);
        var matrix = new StoredMatrix(format, n, k, (rows * 1000) + k + n);
        using PreparedLinear weight = device.Prepare(matrix);
        float[] x = KernelSets.Floats(k, rows * k), bias = KernelSets.Floats(n, n), residual = KernelSets.Floats(n + 1, rows * n);
        Tensor output = KernelSets.Unwritten(owned, new Shape(rows, n));
        device.Linear(output, KernelSets.Upload(owned, x, DType.F32, new Shape(rows, k)), weight,
            new LinearEpilogue(KernelSets.Upload(owned, bias, DType.F32, new Shape(n)), KernelSets.Upload(owned, residual, DType.F32, new Shape(rows, n))));
        Span<float> actual = output.AsSpan<float>();
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < n; column++)
            {
                double sum = 0, magnitude = 0;
                float[] w = matrix.Row(column);
                for (int i = 0; i < k; i++)
                {
                    double term = (double)x[(row * k) + i] * w[i];
                    (sum, magnitude) = (sum + term, magnitude + Math.Abs(term));
                }
                sum += (double)bias[column] + residual[(row * n) + column];
                magnitude += Math.Abs(bias[column]) + Math.Abs(residual[(row * n) + column]);
                // k multiply-adds and two sums, each rounding by at most eps / 2 of the magnitude so far.
                double tolerance = (k + 2) * 0.5 * 1.1920929e-7 * magnitude;
                double error = Math.Abs(sum - actual[(row * n) + column]);
                Assert.True(error <= tolerance, $"{format} {rows}x{k}x{n} [{row}, {column}]: off by {error:g3}, allowed {tolerance:g3}");
            }
        }
        owned.ForEach(buffer => buffer.Dispose());
    }
}
