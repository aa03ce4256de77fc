using System.Diagnostics;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Measurement;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Cli;

/// <summary>One product of the kernel table, and what the machine allows for it.</summary>
internal sealed record ProductTiming(string Name, long Rows, double Seconds, double Operations, double Bytes, double Peak, double Bandwidth)
{
    /// <summary>Operations per second.</summary>
    public double Rate => Operations / Seconds;

    /// <summary>Operations per byte of weights read.</summary>
    public double Intensity => Operations / Bytes;

    /// <summary>The lower of the arithmetic peak and what reading the weights allows.</summary>
    public double Limit => Math.Min(Peak, Bandwidth * Intensity);

    /// <summary>Times a product of each number of rows. Weights are taken in turn from copies that together exceed the caches, as a model's layers do.</summary>
    public static IEnumerable<ProductTiming> Measure(MachineLimits limits, KernelSet kernels, ComputePool pool, RandomProduct product, int outputs, int inputs, IEnumerable<int> rowCounts)
    {
        using var device = new CpuDevice(kernels, pool, DType.BF16, product.Activations);
        RandomRows rows = product.Rows(outputs, inputs);
        List<PreparedLinear> weights = [device.Prepare(rows)];
        long bytes = product.Bytes(outputs, inputs);
        int copies = (int)Math.Max(1, (256L << 20) / bytes);
        while (weights.Count < copies) weights.Add(device.Prepare(rows));
        double peak = product.Activations switch
        {
            CpuActivations.Int8 => limits.Integer(kernels),
            CpuActivations.BF16 => limits.Float16(kernels),
            _ => limits.Fma,
        };
        foreach (int count in rowCounts)
        {
            using DeviceBuffer input = device.Allocate(4L * count * inputs), output = device.Allocate(4L * count * outputs);
            Tensor x = input.Tensor(DType.F32, new Shape(count, inputs)), y = output.Tensor(DType.F32, new Shape(count, outputs));
            var random = new Random(1);
            foreach (ref float value in x.AsSpan<float>()) value = (float)random.NextDouble() - 0.5f;
            double operations = 2.0 * count * outputs * inputs, best = double.MaxValue;
            int next = 0;
            // Short runs for half a second, the best of them: on a shared machine most are disturbed.
            int repeats = Math.Max(1, (int)(0.002 * limits.Fma / operations));
            for (long begin = Stopwatch.GetTimestamp(), run = 0; run < 9 || Stopwatch.GetElapsedTime(begin).TotalSeconds < 0.5; run++)
            {
                long start = Stopwatch.GetTimestamp();
                for (int i = 0; i < repeats; i++) device.Linear(y, x, weights[next++ % copies], default);
                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds / repeats);
            }
            yield return new ProductTiming(product.Name, count, best, operations, bytes, peak, limits.Bandwidth);
        }
        foreach (PreparedLinear weight in weights) weight.Dispose();
    }
}
