using Quire.Formats;
using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Q4_K and Q5_K keep the values that the format's reader gives (which golden data judges).</summary>
public sealed class SuperblockPackingTests
{
    [Theory]
    [InlineData(WeightFormat.Q4_K, GgmlType.Q4_K, 144)]
    [InlineData(WeightFormat.Q5_K, GgmlType.Q5_K, 176)]
    public void Rows_and_products_are_those_of_the_dequantised_weight(WeightFormat format, GgmlType type, int blockBytes)
    {
        const int outputs = 35, inputs = 512, count = 3;
        var rows = new Superblocks(format, type, outputs, inputs, blockBytes);
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
                    // The reader rounds the product and the difference, the kernel once.
                    for (int k = 0; k < inputs; k++) Assert.Equal(expected[k], row.AsSpan<float>()[k], 4e-7 * (Math.Abs(expected[k]) + rows.LargestProduct));
                }
                float[] x = KernelSets.Floats(7, count * inputs);
                x.AsSpan(inputs, inputs).Fill(1);
                Tensor output = KernelSets.Unwritten(owned, new Shape(count, outputs));
                device.Linear(output, KernelSets.Upload(owned, x, DType.F32, new Shape(count, inputs)), weight, default);
                // Activations rounded to 1 / 254 of a group's largest (at most 1) or to bf16: errors of independent signs, six deviations of them.
                // Weights to bf16, by one part in 512, all alike in the row of largest codes.
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
                        Assert.Equal(sum, output.AsSpan<float>()[(m * outputs) + n], rounding + (((activations == CpuActivations.BF16 ? 1.0 / 512 : 0) + (inputs * 0.6e-7)) * magnitude));
                    }
                }
                owned.ForEach(buffer => buffer.Dispose());
            }
        }
    }

    private sealed class Superblocks : IWeightRows
    {
        private readonly byte[][] stored;
        private readonly GgmlType type;

        public Superblocks(WeightFormat format, GgmlType type, int outputs, int inputs, int blockBytes)
        {
            (Format, this.type, Shape) = (format, type, new Shape(outputs, inputs));
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
                    BitConverter.TryWriteBytes(stored[n].AsSpan(block), (Half)0.001f);
                    BitConverter.TryWriteBytes(stored[n].AsSpan(block + 2), (Half)0.007f);
                }
            }
        }

        /// <summary>Scale times largest code, or the largest minimum.</summary>
        public double LargestProduct => 0.001 * 63 * 31;

        public string Name => $"random {Format}";

        public Shape Shape { get; }

        public WeightFormat Format { get; }

        public void Read(long row, Span<float> values) => GgmlDequantizer.Dequantize(type, stored[row], values);

        public ReadOnlySpan<byte> Raw(long row) => stored[row];
    }
}
