using Quire.Formats;
using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Threading;
using Quire.Models;
using Quire.Tensors;

namespace Quire.Conformance.Formats;

/// <summary>A matrix of any block type stays what it is in memory: codes, not 16-bit numbers, and the reference's values.</summary>
[Trait("golden", "gguf")]
public sealed class GgmlMatrixTests : IDisposable
{
    private const string Folder = "gguf/types";
    private const int Rows = 16, Inputs = 1024;

    private readonly string file = Path.GetTempFileName();

    public static TheoryData<string> Cases() => GoldenCases.Files(Folder, "*.safetensors");

    [Theory, MemberData(nameof(Cases))]
    public void Rows_of_a_packed_matrix_are_the_references(string name)
    {
        (GgmlType type, byte[] blocks, float[] expected) = Blocks(name, "random");
        using GgufFile gguf = Write(type, blocks, ref expected);
        using var pool = new ComputePool(2);
        foreach (KernelSet set in KernelSet.Available)
        {
            using var device = new CpuDevice(set, pool, DType.F32, CpuActivations.F32);
            using PreparedLinear weight = device.Prepare(new StoredRows(new CheckpointTensor(gguf.Tensors["x"])));
            // The widest are a byte each, and scales.
            Assert.InRange(weight.ByteCount, 1, expected.Length * 10 / 8);
            float[] actual = Embedded(device, weight, expected.Length);
            for (int i = 0; i < expected.Length; i++)
                Assert.True(expected[i] == actual[i] || (!float.IsFinite(expected[i]) && !float.IsFinite(actual[i])), $"{type} {set.Name} [{i}]: {actual[i]}, reference {expected[i]}");
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Products_are_those_of_the_references_values(string name)
    {
        (GgmlType type, byte[] blocks, float[] expected) = Blocks(name, "real");
        using GgufFile gguf = Write(type, blocks, ref expected);
        using var pool = new ComputePool(2);
        foreach (KernelSet set in KernelSet.Available)
        {
            foreach (CpuActivations activations in Enum.GetValues<CpuActivations>())
            {
                using var device = new CpuDevice(set, pool, DType.F32, activations);
                using PreparedLinear weight = device.Prepare(new StoredRows(new CheckpointTensor(gguf.Tensors["x"])));
                // Unit vectors, so that a product is one number: of few rows and of many.
                foreach (int rows in (int[])[1, 3, 7, 11, 12, 40])
                {
                    float[] actual = OfUnitVectors(device, weight, rows);
                    for (int k = 0; k < rows; k++)
                    {
                        for (int n = 0; n < Rows; n++)
                        {
                            ReadOnlySpan<float> row = expected.AsSpan(n * Inputs, Inputs);
                            // Numbers of 8 bits of mantissa, or sums of terms as large as the row's.
                            double tolerance = activations == CpuActivations.F32 ? 0 : Largest(row) / 128;
                            Assert.True(Math.Abs(row[Place(k)] - actual[(k * Rows) + n]) <= tolerance, $"{type} {set.Name} {activations}, {rows} rows [{n}, {Place(k)}]: {actual[(k * Rows) + n]}, reference {row[Place(k)]}");
                        }
                    }
                }
            }
        }
    }

    private static (GgmlType Type, byte[] Blocks, float[] Expected) Blocks(string name, string kind)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(GoldenCases.Require(Folder, name));
        bool isType = Enum.TryParse(Path.GetFileNameWithoutExtension(name), out GgmlType type);
        Assert.SkipUnless(isType && golden.Tensors.ContainsKey($"{kind}.blocks"), $"{name} has no {kind} blocks");
        byte[] bytes = golden.Tensors[$"{kind}.blocks"].Bytes.AsSpan<byte>().ToArray();
        var values = new float[bytes.Length / type.BlockBytes() * type.BlockSize()];
        GgmlDequantizer.Dequantize(type, bytes, values);
        return (type, bytes, values);
    }

    // Blocks in turn, until the matrix is full.
    private GgufFile Write(GgmlType type, byte[] blocks, ref float[] values)
    {
        byte[][] each = [.. blocks.Chunk(type.BlockBytes())];
        float[][] numbers = [.. values.Chunk(type.BlockSize())];
        byte[] matrix = [.. Enumerable.Range(0, Rows * Inputs / type.BlockSize()).SelectMany(i => each[i % each.Length])];
        values = [.. Enumerable.Range(0, Rows * Inputs / type.BlockSize()).SelectMany(i => numbers[i % each.Length])];
        new GgufWriter("any").Write(file, [new GgufPart("x", type, new Shape(Rows, Inputs), stream => stream.Write(matrix))]);
        return GgufFile.Open(file);
    }

    private static float[] Embedded(CpuDevice device, PreparedLinear weight, int count)
    {
        using DeviceBuffer ids = device.Allocate(Rows * sizeof(int)), output = device.Allocate(count * sizeof(float));
        Tensor to = output.Tensor(DType.F32, new Shape(Rows, count / Rows)), rows = ids.Tensor(DType.I32, new Shape(Rows));
        device.Write<int>(rows, [.. Enumerable.Range(0, Rows)]);
        device.Embed(to, rows, weight, 1);
        return to.AsSpan<float>().ToArray();
    }

    private static float[] OfUnitVectors(CpuDevice device, PreparedLinear weight, int rows)
    {
        using DeviceBuffer input = device.Allocate((long)rows * Inputs * sizeof(float)), output = device.Allocate(rows * Rows * sizeof(float));
        Tensor from = input.Tensor(DType.F32, new Shape(rows, Inputs)), to = output.Tensor(DType.F32, new Shape(rows, Rows));
        for (int i = 0; i < rows; i++) from.AsSpan<float>()[(i * Inputs) + Place(i)] = 1;
        device.Linear(to, from, weight, default);
        return to.AsSpan<float>().ToArray();
    }

    // Of a unit vector's one: all over the inputs.
    private static int Place(int vector) => vector * 331 % Inputs;

    private static float Largest(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }

    public void Dispose() => File.Delete(file);
}
