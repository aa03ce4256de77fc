using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Matrices that give their codes: every kind of code, group size, scale and order, in the products and in rows of tables.</summary>
public sealed class CodePackingTests
{
    private const int Outputs = 37, Rows = 8;

    public static IEnumerable<TheoryDataRow<CodeKind, int, int>> Cases =>
        from kind in Enum.GetValues<CodeKind>()
        from size in (int[][])[[16, 96], [32, 160], [64, 160], [128, 320], [1000, 100], [24, 96], [16, 48]]
        select new TheoryDataRow<CodeKind, int, int>(kind, size[0], size[1]);

    [Theory, MemberData(nameof(Cases))]
    public void Products_and_rows_are_those_of_the_numbers(CodeKind kind, int groupSize, int inputs)
    {
        foreach (DType scaleType in (DType[])[DType.F16, DType.BF16, DType.F32])
        {
            foreach (bool isPlain in (bool[])[true, false])
            {
                var matrix = new RandomCodes(kind, groupSize, inputs, scaleType, isPlain);
                float[] x = KernelSets.Floats(3, Rows * inputs), values = new float[inputs];
                uint[]? first = null;
                foreach (KernelSet set in KernelSet.Available)
                {
                    uint[] bits = Product(set, matrix, x);
                    Assert.Equal(first ??= bits, bits);
                }
                for (int n = 0; n < Outputs; n++)
                {
                    matrix.Read(n, values);
                    for (int row = 0; row < Rows; row++)
                    {
                        double sum = 0, size = 0;
                        for (int k = 0; k < inputs; k++)
                        {
                            double term = (double)values[k] * x[(row * inputs) + k];
                            (sum, size) = (sum + term, size + Math.Abs(term));
                        }
                        // One rounding a term and one of the factor.
                        Assert.Equal(sum, BitConverter.UInt32BitsToSingle(first![(row * Outputs) + n]), size * (inputs + 2) * 0.6e-7);
                    }
                }
                if (!isPlain) continue;
                List<NativeBuffer> owned = [];
                using PreparedLinear table = KernelSets.Device("portable").Prepare(matrix);
                Tensor embedded = KernelSets.Unwritten(owned, new Shape(Outputs, inputs));
                KernelSets.Device("portable").Embed(embedded, KernelSets.Upload(owned, Enumerable.Range(0, Outputs).ToArray(), DType.I32, new Shape(Outputs)), table, 1);
                for (int n = 0; n < Outputs; n++)
                {
                    matrix.Read(n, values);
                    Assert.Equal(values, embedded.Slice(n, 1).AsSpan<float>().ToArray());
                }
                owned.ForEach(buffer => buffer.Dispose());
            }
        }
    }

    [Fact]
    public void Parts_in_different_formats_are_one_product()
    {
        const int inputs = 64;
        IWeightRows[] parts =
        [
            new RandomCodes(CodeKind.Unsigned4, 32, inputs, DType.F16, isPlain: false), new RandomCodes(CodeKind.E4M3, 64, inputs, DType.F32, isPlain: true),
            new RandomCodes(CodeKind.E4M3, 64, inputs, DType.F32, isPlain: true), new StoredMatrix(WeightFormat.BF16, 21, inputs, 5),
        ];
        using CpuDevice device = KernelSets.Device("portable");
        float[] x = KernelSets.Floats(3, Rows * inputs);
        List<NativeBuffer> owned = [];
        Tensor input = KernelSets.Upload(owned, x, DType.F32, new Shape(Rows, inputs));
        int total = (3 * Outputs) + 21;
        Tensor bias = KernelSets.Upload(owned, KernelSets.Floats(6, total), DType.F32, new Shape(total));
        Tensor residual = KernelSets.Upload(owned, KernelSets.Floats(7, Rows * total), DType.F32, new Shape(Rows, total));
        Tensor stacked = KernelSets.Unwritten(owned, new Shape(Rows, total));
        using PreparedLinear weight = device.Prepare(parts);
        device.Linear(stacked, input, weight, new LinearEpilogue(bias, residual));
        int first = 0;
        foreach (IWeightRows part in parts)
        {
            int count = (int)part.Shape[0];
            using PreparedLinear alone = device.Prepare(part);
            Tensor output = KernelSets.Unwritten(owned, new Shape(Rows, count));
            device.Linear(output, input, alone, default);
            for (int row = 0; row < Rows; row++)
            {
                for (int n = 0; n < count; n++)
                {
                    float wanted = output.AsSpan<float>()[(row * count) + n] + bias.AsSpan<float>()[first + n] + residual.AsSpan<float>()[(row * total) + first + n];
                    Assert.Equal(wanted, stacked.AsSpan<float>()[(row * total) + first + n]);
                }
            }
            first += count;
        }
        owned.ForEach(buffer => buffer.Dispose());
    }

    private static uint[] Product(KernelSet set, IWeightRows matrix, float[] x)
    {
        List<NativeBuffer> owned = [];
        using var device = new CpuDevice(set, KernelSets.Pool);
        using PreparedLinear weight = device.Prepare(matrix);
        Tensor output = KernelSets.Unwritten(owned, new Shape(Rows, Outputs));
        device.Linear(output, KernelSets.Upload(owned, x, DType.F32, new Shape(Rows, x.Length / Rows)), weight, default);
        uint[] bits = KernelSets.Bits(output);
        owned.ForEach(buffer => buffer.Dispose());
        return bits;
    }

    /// <summary>A matrix whose codes are a hash of their place.</summary>
    /// <param name="isPlain">Without zeros, factor and order of inputs.</param>
    private sealed class RandomCodes(CodeKind kind, int groupSize, int inputs, DType scaleType, bool isPlain) : Quire.Formats.CodedRows("random", Outputs, inputs, Layout(kind, groupSize, inputs, scaleType, isPlain))
    {
        public override void ReadCodes(long row, Span<byte> codes, Span<float> scales, Span<byte> zeros)
        {
            var random = new Random((int)row);
            for (int k = 0; k < codes.Length; k++)
            {
                codes[k] = (byte)random.Next(Coding.Kind is CodeKind.Unsigned4 or CodeKind.Level ? 16 : 256);
                if (Coding.Kind == CodeKind.E4M3 && (codes[k] & 0x7f) == 0x7f) codes[k] = 0;
            }
            // A power of two and a half: exact in every type.
            for (int g = 0; g < scales.Length; g++) (scales[g], zeros[g]) = (1.5f / (1 << random.Next(4, 9)), (byte)random.Next(16));
        }

        private static CodedLayout Layout(CodeKind kind, int groupSize, int inputs, DType scaleType, bool isPlain) => new(kind, groupSize, scaleType)
        {
            Levels = kind == CodeKind.Level ? [.. Enumerable.Range(0, 16).Select(i => (i * i / 7f) - 5)] : null,
            HasZeros = !isPlain && kind is CodeKind.Unsigned4 or CodeKind.Unsigned8,
            Factor = isPlain ? 1 : 0.3f,
            InputOrder = isPlain ? null : [.. Enumerable.Range(0, inputs).Select(k => k * 7 % inputs)],
        };
    }
}
