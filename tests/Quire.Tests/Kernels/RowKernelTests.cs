using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

public sealed class RowKernelTests
{
    private const double Epsilon = 1.1920929e-7;

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Rms_norm_equals_a_double_precision_oracle(string set)
    {
        foreach (int columns in KernelSets.AwkwardSizes)
        {
            List<NativeBuffer> owned = [];
            float[] x = KernelSets.Floats(columns, 5 * columns, 3), w = KernelSets.Floats(1, columns);
            Tensor output = KernelSets.Unwritten(owned, new Shape(5, columns));
            KernelSets.Device(set).Norm(output, KernelSets.Upload(owned, x, DType.F32, new Shape(5, columns)),
                new NormWeight(KernelSets.Upload(owned, w, DType.F32, new Shape(columns)), 1e-5f));
            for (int row = 0; row < 5; row++)
            {
                double mean = x.Skip(row * columns).Take(columns).Sum(v => (double)v * v) / columns, scale = 1 / Math.Sqrt(mean + 1e-5f);
                for (int i = 0; i < columns; i++)
                {
                    double expected = x[(row * columns) + i] * scale * w[i];
                    // Half the relative error of the sum, and a few roundings.
                    Assert.Equal(expected, output.AsSpan<float>()[(row * columns) + i], Math.Abs(expected) * Epsilon * ((columns / 32.0) + 6));
                }
            }
            owned.ForEach(buffer => buffer.Dispose());
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Pooled_rows_are_rounded_once(string set)
    {
        foreach (int columns in KernelSets.AwkwardSizes)
        {
            List<NativeBuffer> owned = [];
            int[] starts = [1, 2, 5, 9];
            float[] x = KernelSets.Floats(columns, 10 * columns, 3);
            foreach (RowPooling pooling in Enum.GetValues<RowPooling>())
            {
                Tensor output = KernelSets.Unwritten(owned, new Shape(3, columns));
                KernelSets.Device(set).PoolRows(output, KernelSets.Upload(owned, x, DType.F32, new Shape(10, columns)), KernelSets.Upload(owned, starts, DType.I32, new Shape(4)), pooling);
                for (int run = 0; run < 3; run++)
                {
                    for (int i = 0; i < columns; i++)
                        Assert.Equal((float)Pooled(pooling, [.. Enumerable.Range(starts[run], starts[run + 1] - starts[run]).Select(row => (double)x[(row * columns) + i])]), output.AsSpan<float>()[(run * columns) + i]);
                }
            }
            owned.ForEach(buffer => buffer.Dispose());
        }

        static double Pooled(RowPooling pooling, double[] values) => pooling switch
        {
            RowPooling.Mean => values.Average(),
            RowPooling.SumByRootLength => values.Sum() / Math.Sqrt(values.Length),
            RowPooling.WeightedMean => values.Select((value, i) => (i + 1) * value).Sum() / Enumerable.Range(1, values.Length).Sum(),
            _ => values.Max(),
        };
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Gated_activations_equal_a_double_precision_oracle(string set)
    {
        foreach (int columns in KernelSets.AwkwardSizes)
        {
            foreach (Activation activation in Enum.GetValues<Activation>().Where(activation => activation is not (Activation.ClampedSwiglu or Activation.Xielu)))
            {
                List<NativeBuffer> owned = [];
                float[] gateUp = KernelSets.Floats(columns, 6 * columns, 12);
                Tensor output = KernelSets.Unwritten(owned, new Shape(3, columns));
                KernelSets.Device(set).GatedActivation(output, KernelSets.Upload(owned, gateUp, DType.F32, new Shape(3, 2 * columns)), activation);
                for (int row = 0; row < 3; row++)
                {
                    for (int i = 0; i < columns; i++)
                    {
                        double gate = gateUp[(row * 2 * columns) + i], up = gateUp[(row * 2 * columns) + columns + i];
                        double expected = Activate(activation, gate) * up;
                        // exp is good to 2 ulp at arguments up to 25, whose own rounding counts by their size; the tanh form cancels near zero.
                        double tolerance = Epsilon * ((Math.Abs(expected) * 30) + (Math.Abs(gate * up) * (activation == Activation.GeluTanh ? 4 : 0)) + 1e-6);
                        Assert.Equal(expected, output.AsSpan<float>()[(row * columns) + i], tolerance);
                    }
                }
                owned.ForEach(buffer => buffer.Dispose());
            }
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Scaled_sums_and_capped_values_equal_a_double_precision_oracle(string set)
    {
        foreach (int columns in KernelSets.AwkwardSizes)
        {
            List<NativeBuffer> owned = [];
            float[] a = KernelSets.Floats(1, 3 * columns), b = KernelSets.Floats(2, 3 * columns, 40);
            Tensor sum = KernelSets.Upload(owned, a, DType.F32, new Shape(3, columns)), capped = KernelSets.Upload(owned, b, DType.F32, new Shape(3, columns));
            KernelSets.Device(set).Add(sum, capped, 0.22f);
            KernelSets.Device(set).ScaleAndCap(capped, 0.5f, 4);
            for (int i = 0; i < a.Length; i++)
            {
                Assert.Equal(MathF.FusedMultiplyAdd(b[i], 0.22f, a[i]), sum.AsSpan<float>()[i]);
                Assert.Equal(4 * Math.Tanh(b[i] * 0.5 / 4), capped.AsSpan<float>()[i], 4 * 8 * Epsilon);
            }
            owned.ForEach(buffer => buffer.Dispose());
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Every_instruction_set_gives_the_same_bits(string set)
    {
        Assert.Equal(Run("portable"), Run(set));

        static uint[] Run(string name)
        {
            List<NativeBuffer> owned = [];
            CpuDevice device = KernelSets.Device(name);
            Tensor x = KernelSets.Upload(owned, KernelSets.Floats(2, 4 * 130, 5), DType.F32, new Shape(4, 130));
            Tensor normed = KernelSets.Unwritten(owned, new Shape(4, 130)), gated = KernelSets.Unwritten(owned, new Shape(4, 65));
            device.Norm(normed, x, new NormWeight(KernelSets.Upload(owned, KernelSets.Floats(3, 130), DType.F32, new Shape(130)), 1e-6f));
            device.Add(normed, x, 0.22f);
            device.ScaleAndCap(normed, 1.5f, 3);
            device.GatedActivation(gated, normed, Activation.Silu);
            Tensor weight = KernelSets.Upload(owned, KernelSets.Floats(4, 130), DType.F32, new Shape(130)), bias = KernelSets.Upload(owned, KernelSets.Floats(5, 130), DType.F32, new Shape(130));
            device.Norm(normed, normed, new NormWeight(weight, 1e-5f, NormKind.Layer, bias));
            device.Activate(normed, Activation.Gelu);
            uint[] bits = [.. KernelSets.Bits(normed), .. KernelSets.Bits(gated)];
            owned.ForEach(buffer => buffer.Dispose());
            return bits;
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Layer_norm_equals_a_double_precision_oracle(string set)
    {
        foreach (int columns in KernelSets.AwkwardSizes)
        {
            foreach (bool hasBias in (bool[])[false, true])
            {
                List<NativeBuffer> owned = [];
                float[] x = [.. KernelSets.Floats(columns, 5 * columns, 3).Select(v => v + 2)], w = KernelSets.Floats(1, columns), b = KernelSets.Floats(2, columns);
                Tensor output = KernelSets.Unwritten(owned, new Shape(5, columns));
                Tensor bias = hasBias ? KernelSets.Upload(owned, b, DType.F32, new Shape(columns)) : default;
                KernelSets.Device(set).Norm(output, KernelSets.Upload(owned, x, DType.F32, new Shape(5, columns)),
                    new NormWeight(KernelSets.Upload(owned, w, DType.F32, new Shape(columns)), 1e-2f, NormKind.Layer, bias));
                for (int row = 0; row < 5; row++)
                {
                    double[] values = [.. x.Skip(row * columns).Take(columns).Select(v => (double)v)];
                    double mean = values.Average(), scale = 1 / Math.Sqrt(values.Average(v => (v - mean) * (v - mean)) + 1e-2f);
                    for (int i = 0; i < columns; i++)
                    {
                        double expected = ((values[i] - mean) * scale * w[i]) + (hasBias ? b[i] : 0);
                        // The mean's error, which values near it do not outweigh, the sum's, and a few roundings.
                        double size = Math.Abs(w[i]) * (1 + ((Math.Abs(mean) + Math.Abs(values[i])) * scale));
                        Assert.Equal(expected, output.AsSpan<float>()[(row * columns) + i], (size + Math.Abs(expected)) * Epsilon * ((columns / 32.0) + 6));
                    }
                }
                owned.ForEach(buffer => buffer.Dispose());
            }
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Activations_without_a_gate_are_those_with_a_gate_of_one(string set)
    {
        foreach (int columns in KernelSets.AwkwardSizes)
        {
            foreach (Activation activation in Enum.GetValues<Activation>().Where(activation => activation is not (Activation.ClampedSwiglu or Activation.Xielu)))
            {
                List<NativeBuffer> owned = [];
                float[] x = KernelSets.Floats(columns, columns, 12);
                Tensor values = KernelSets.Upload(owned, x, DType.F32, new Shape(1, columns)), gated = KernelSets.Unwritten(owned, new Shape(1, columns));
                KernelSets.Device(set).GatedActivation(gated, KernelSets.Upload(owned, [.. x, .. Enumerable.Repeat(1f, columns)], DType.F32, new Shape(1, 2 * columns)), activation);
                KernelSets.Device(set).Activate(values, activation);
                Assert.Equal(KernelSets.Bits(gated), KernelSets.Bits(values));
                owned.ForEach(buffer => buffer.Dispose());
            }
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Activations_with_parameters_equal_a_double_precision_oracle(string set)
    {
        foreach (int columns in KernelSets.AwkwardSizes)
        {
            List<NativeBuffer> owned = [];
            float[] x = KernelSets.Floats(columns, 2 * columns, 9);
            Tensor gated = KernelSets.Unwritten(owned, new Shape(1, columns)), values = KernelSets.Upload(owned, x, DType.F32, new Shape(2, columns));
            KernelSets.Device(set).GatedActivation(gated, KernelSets.Upload(owned, x, DType.F32, new Shape(1, 2 * columns)), Activation.ClampedSwiglu, 7);
            var xielu = new XieluParameters(0.8f, 1.3f, 0.5f, -1e-6f);
            KernelSets.Device(set).Xielu(values, xielu);
            for (int i = 0; i < columns; i++)
            {
                double gate = Math.Min(x[i], 7), up = Math.Clamp(x[columns + i], -7, 7), expected = (up + 1) * gate / (1 + Math.Exp(-1.702 * gate));
                Assert.Equal(expected, gated.AsSpan<float>()[i], (Math.Abs(expected) * 1e-6) + 1e-6);
            }
            for (int i = 0; i < x.Length; i++)
            {
                double v = x[i], expected = v > 0 ? (0.8 * v * v) + (0.5 * v) : (1.3 * (Math.Exp(Math.Min(v, -1e-6)) - 1 - v)) + (0.5 * v);
                // The exponential less one loses what is below an epsilon of one.
                Assert.Equal(expected, values.AsSpan<float>()[i], (Math.Abs(expected) + Math.Abs(v) + 1) * 4e-7);
            }
            owned.ForEach(buffer => buffer.Dispose());
        }
    }

    private static double Activate(Activation activation, double x) => activation switch
    {
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        Activation.Gelu => x * NormalDistribution(x),
        Activation.Relu => Math.Max(x, 0),
        _ => Math.Max(x, 0) * Math.Max(x, 0),
    };

    // Φ by Simpson's rule from where it is below 1e-80.
    private static double NormalDistribution(double x)
    {
        const int Steps = 20000;
        double from = Math.Min(x, 0) - 14, step = (x - from) / Steps, sum = 0;
        for (int i = 0; i <= Steps; i++)
        {
            double u = from + (i * step);
            sum += Math.Exp(-0.5 * u * u) * (i is 0 or Steps ? 1 : i % 2 == 1 ? 4 : 2);
        }
        return sum * step / 3 / Math.Sqrt(2 * Math.PI);
    }
}
