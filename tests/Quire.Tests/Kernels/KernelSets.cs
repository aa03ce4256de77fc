using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Every kernel set of this machine, and data for them.</summary>
internal static class KernelSets
{
    public static readonly ComputePool Pool = new(2);

    public static IEnumerable<TheoryDataRow<string>> Names => KernelSet.Available.Select(set => new TheoryDataRow<string>(set.Name));

    public static CpuDevice Device(string set, DType weights = DType.F32) => new(KernelSet.Named(set), Pool, weights);

    /// <summary>Bits of input · matrixᵀ on a device of its own.</summary>
    public static uint[] Product(string set, IWeightRows matrix, float[] input, int rows, DType weights, CpuActivations activations)
    {
        List<NativeBuffer> owned = [];
        using var device = new CpuDevice(KernelSet.Named(set), Pool, weights, activations);
        using PreparedLinear weight = device.Prepare(matrix);
        Tensor output = Unwritten(owned, new Shape(rows, matrix.Shape[0]));
        device.Linear(output, Upload(owned, input, DType.F32, new Shape(rows, matrix.Shape[1])), weight, default);
        uint[] bits = Bits(output);
        owned.ForEach(buffer => buffer.Dispose());
        return bits;
    }

    /// <summary>Lengths around vectors, tiles and panels.</summary>
    public static readonly int[] AwkwardSizes = [1, 2, 3, 15, 16, 17, 31, 33, 63, 64, 65, 96, 100, 130];

    public static float[] Floats(int seed, long count, float scale = 1)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (int i = 0; i < values.Length; i++) values[i] = ((float)random.NextDouble() - 0.5f) * 2 * scale;
        return values;
    }

    public static Tensor Upload<T>(List<NativeBuffer> owned, T[] values, DType type, Shape shape) where T : unmanaged
    {
        var buffer = new NativeBuffer(Math.Max(1, values.Length) * type.Size());
        owned.Add(buffer);
        Tensor tensor = buffer.Tensor(type, shape);
        values.CopyTo(tensor.AsSpan<T>());
        return tensor;
    }

    /// <summary>Memory that holds NaN, so that what is not written is noticed.</summary>
    public static Tensor Unwritten(List<NativeBuffer> owned, Shape shape)
    {
        float[] values = new float[shape.Count];
        Array.Fill(values, float.NaN);
        return Upload(owned, values, DType.F32, shape);
    }

    public static uint[] Bits(Tensor tensor) => [.. tensor.AsSpan<float>().ToArray().Select(BitConverter.SingleToUInt32Bits)];
}
