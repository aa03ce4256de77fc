using Quire.Formats;
using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>ggml's superblocks keep the values that the format's reader gives (which golden data judges).</summary>
public sealed class SuperblockPackingTests
{
    [Theory]
    [InlineData(WeightFormat.Q2_K, GgmlType.Q2_K, 80, 82)]
    [InlineData(WeightFormat.Q3_K, GgmlType.Q3_K, 108)]
    [InlineData(WeightFormat.Q4_K, GgmlType.Q4_K, 0, 2)]
    [InlineData(WeightFormat.Q5_K, GgmlType.Q5_K, 0, 2)]
    [InlineData(WeightFormat.Q6_K, GgmlType.Q6_K, 208)]
    public void Rows_and_products_are_those_of_the_dequantised_weight(WeightFormat format, GgmlType type, params int[] scales)
    {
        const int outputs = 35, inputs = 512, count = 3;
        var rows = new Superblocks(format, type, outputs, inputs, scales);
        foreach (KernelSet set in KernelSet.Available)
        {
            foreach (CpuActivations activations in Enum.GetValues<CpuActivations>())
            {
                List<NativeBuffer> owned = [];
                using var device = new CpuDevice(set, KernelSets.Pool, DType.F32, activations);
                using PreparedLinear weight = device.Prepare(rows);
                Tensor row = KernelSets.Unwritten(owned, new Shape(1, inputs));
                var expected = new float[inputs];
                double largest = 0;
                for (int n = 0; n < outputs; n++)
                {
                    device.Embed(row, KernelSets.Upload(owned, [n], DType.I32, new Shape(1)), weight, 1);
                    rows.Read(n, expected);
                    largest = Math.Max(largest, expected.Max(Math.Abs));
                    Assert.Equal(expected, row.AsSpan<float>().ToArray());
                }
                float[] x = KernelSets.Floats(7, count * inputs);
                x.AsSpan(inputs, inputs).Fill(1);
                Tensor output = KernelSets.Unwritten(owned, new Shape(count, outputs));
                device.Linear(output, KernelSets.Upload(owned, x, DType.F32, new Shape(count, inputs)), weight, default);
                // Activations rounded to 1 / 254 of a group's largest (at most 1) or to bf16: errors of independent signs, six deviations of them.
                // Weights to bf16, by one part in 512, all alike in the row of largest codes; also where integers are asked for and minima of 16 have no such product.
                bool roundsWeights = activations == CpuActivations.BF16 || (activations == CpuActivations.Int8 && format == WeightFormat.Q2_K);
                double rounding = activations == CpuActivations.F32 ? 0 : 6 * Math.Sqrt(inputs) * largest * (1.0 / 254);
                for (int m = 0; m < count; m++)
                {
                    for (int n = 0; n < outputs; n++)
                    {
                        rows.Read(n, expected);
                        double sum = 0, magnitude = 0;
                        for (int k = 0; k < inputs; k++)
                        {
                            double term = (double)x[(m * inputs) + k] * expected[k];
                            (sum, magnitude) = (sum + term, magnitude + Math.Abs(term));
                        }
                        // And one rounding of f32 for each input.
                        Assert.Equal(sum, output.AsSpan<float>()[(m * outputs) + n], rounding + (((roundsWeights ? 1.0 / 512 : 0) + (inputs * 0.6e-7)) * magnitude));
                    }
                }
                owned.ForEach(buffer => buffer.Dispose());
            }
        }
    }

    [Theory]
    [InlineData(WeightFormat.Q3_K, GgmlType.Q3_K, 108)]
    [InlineData(WeightFormat.Q4_K, GgmlType.Q4_K, 0, 2)]
    [InlineData(WeightFormat.Q5_K, GgmlType.Q5_K, 0, 2)]
    [InlineData(WeightFormat.Q6_K, GgmlType.Q6_K, 208)]
    public void A_rounded_row_has_the_same_bits_in_any_batch_and_with_any_instruction_set(WeightFormat format, GgmlType type, params int[] scales)
    {
        // More groups than one piece of any kernel.
        const int outputs = 70, inputs = 1280, count = 61;
        var rows = new Superblocks(format, type, outputs, inputs, scales);
        float[] input = KernelSets.Floats(10, count * inputs);
        uint[] together = KernelSets.Product("portable", rows, input, count, DType.F32, CpuActivations.Int8);
        foreach (KernelSet set in KernelSet.Available)
            foreach (int some in (int[])[1, 2, 5, 6, 7, 11, 12, 16, 17, 33, 61])
                Assert.Equal(together[..(some * outputs)], KernelSets.Product(set.Name, rows, input[..(some * inputs)], some, DType.F32, CpuActivations.Int8));
    }

    [Theory]
    [InlineData(WeightFormat.Q2_K, GgmlType.Q2_K)]
    [InlineData(WeightFormat.Q3_K, GgmlType.Q3_K)]
    [InlineData(WeightFormat.Q4_K, GgmlType.Q4_K)]
    [InlineData(WeightFormat.Q5_K, GgmlType.Q5_K)]
    [InlineData(WeightFormat.Q6_K, GgmlType.Q6_K)]
    public void Memory_is_at_most_a_tenth_more_than_the_file(WeightFormat format, GgmlType type)
    {
        const int outputs = 64, inputs = 1024;
        CpuDevice device = KernelSets.Device("portable");
        using PreparedLinear weight = device.Prepare(new Superblocks(format, type, outputs, inputs, []));
        Assert.InRange(weight.ByteCount, 1, 1.10 * outputs * inputs / 256 * type.BlockBytes());
    }

    /// <summary>The whole weight as the product sees it, found by multiplying with rows of one 1.</summary>
    [Theory]
    [InlineData(WeightFormat.Q2_K, GgmlType.Q2_K, 80, 82)]
    [InlineData(WeightFormat.Q3_K, GgmlType.Q3_K, 108)]
    [InlineData(WeightFormat.Q4_K, GgmlType.Q4_K, 0, 2)]
    [InlineData(WeightFormat.Q5_K, GgmlType.Q5_K, 0, 2)]
    [InlineData(WeightFormat.Q6_K, GgmlType.Q6_K, 208)]
    public void Products_multiply_with_exactly_the_values_of_the_rows(WeightFormat format, GgmlType type, params int[] scales)
    {
        const int outputs = 33, inputs = 512;
        var rows = new Superblocks(format, type, outputs, inputs, scales);
        var identity = new float[inputs * inputs];
        for (int k = 0; k < inputs; k++) identity[(k * inputs) + k] = 1;
        var expected = new float[inputs];
        foreach (KernelSet set in KernelSet.Available)
        {
            List<NativeBuffer> owned = [];
            using var device = new CpuDevice(set, KernelSets.Pool, DType.F32, CpuActivations.F32);
            using PreparedLinear weight = device.Prepare(rows);
            Tensor output = KernelSets.Unwritten(owned, new Shape(inputs, outputs));
            device.Linear(output, KernelSets.Upload(owned, identity, DType.F32, new Shape(inputs, inputs)), weight, default);
            float[] actual = output.AsSpan<float>().ToArray();
            for (int n = 0; n < outputs; n++)
            {
                rows.Read(n, expected);
                Assert.Equal(expected, Enumerable.Range(0, inputs).Select(k => actual[(k * outputs) + n]));
            }
            owned.ForEach(buffer => buffer.Dispose());
        }
    }

    private sealed class Superblocks : IWeightRows
    {
        private readonly byte[][] stored;
        private readonly GgmlType type;

        /// <param name="scales">Offsets of the scale and of the minimum in a block.</param>
        public Superblocks(WeightFormat format, GgmlType type, int outputs, int inputs, int[] scales)
        {
            (Format, this.type, Shape) = (format, type, new Shape(outputs, inputs));
            int blockBytes = type.BlockBytes();
            var random = new Random(4);
            stored = new byte[outputs][];
            for (int n = 0; n < outputs; n++)
            {
                stored[n] = new byte[inputs / 256 * blockBytes];
                random.NextBytes(stored[n]);
                // The largest codes in one row: with equal activations their sums leave 16 bits.
                if (n == 3) Array.Fill(stored[n], (byte)0xff);
                for (int block = 0; block < stored[n].Length; block += blockBytes)
                {
                    for (int i = 0; i < scales.Length; i++) BitConverter.TryWriteBytes(stored[n].AsSpan(block + scales[i]), (Half)(i == 0 ? 0.001f : 0.007f));
                }
            }
        }

        public string Name => $"random {Format}";

        public Shape Shape { get; }

        public WeightFormat Format { get; }

        public void Read(long row, Span<float> values) => GgmlDequantizer.Dequantize(type, stored[row], values);

        public ReadOnlySpan<byte> Raw(long row) => stored[row];
    }
}
