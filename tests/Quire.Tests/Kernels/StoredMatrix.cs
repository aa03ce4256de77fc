using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>A random matrix as a checkpoint would store it, in any format, with the exact values that its bits mean.</summary>
internal sealed class StoredMatrix : IWeightRows
{
    private readonly byte[][] rows;
    private readonly float[][] values;

    public StoredMatrix(WeightFormat format, int outputs, int inputs, int seed)
    {
        Format = format;
        Shape = new Shape(outputs, inputs);
        var random = new Random(seed);
        rows = new byte[outputs][];
        values = new float[outputs][];
        for (int row = 0; row < outputs; row++) (rows[row], values[row]) = Make(random, inputs);
    }

    public string Name => $"random {Format}";

    public Shape Shape { get; }

    public WeightFormat Format { get; }

    /// <summary>Formats of 256 inputs, which have a matrix of their own (<see cref="SuperblockPackingTests"/>).</summary>
    public static bool IsSuperblocks(WeightFormat format) => format is WeightFormat.Q2_K or WeightFormat.Q3_K or WeightFormat.Q4_K or WeightFormat.Q5_K or WeightFormat.Q6_K;

    /// <summary>Formats of blocks of 32 inputs.</summary>
    public static bool IsGrouped(WeightFormat format) => format is WeightFormat.Q4_0 or WeightFormat.Q4_1 or WeightFormat.Q5_1 or WeightFormat.Q8_0;

    public float[] Row(long row) => values[row];

    public void Read(long row, Span<float> destination) => values[row].CopyTo(destination);

    public ReadOnlySpan<byte> Raw(long row) => rows[row];

    private (byte[] Bytes, float[] Values) Make(Random random, int inputs)
    {
        switch (Format)
        {
            case WeightFormat.F32 or WeightFormat.ExactF32 or WeightFormat.Other:
                float[] floats = [.. Enumerable.Range(0, inputs).Select(_ => Next(random))];
                return (MemoryMarshal.AsBytes<float>(floats).ToArray(), floats);
            case WeightFormat.BF16:
                uint[] bf16 = [.. Enumerable.Range(0, inputs).Select(_ => BitConverter.SingleToUInt32Bits(Next(random)) & 0xffff0000)];
                return (MemoryMarshal.AsBytes<ushort>([.. bf16.Select(b => (ushort)(b >> 16))]).ToArray(), [.. bf16.Select(BitConverter.UInt32BitsToSingle)]);
            case WeightFormat.F16:
                Half[] halves = [.. Enumerable.Range(0, inputs).Select(i => i % 7 == 0 ? (Half)(Next(random) * 1e-7f) : (Half)Next(random))];
                return (MemoryMarshal.AsBytes<Half>(halves).ToArray(), [.. halves.Select(h => (float)h)]);
            default:
                return Blocks(random, inputs);
        }
    }

    // The formats' definitions, written down from ggml's documentation of its blocks.
    private (byte[] Bytes, float[] Values) Blocks(Random random, int inputs)
    {
        List<byte> bytes = [];
        List<float> numbers = [];
        for (int block = 0; block < inputs / 32; block++)
        {
            Half scale = (Half)(Next(random) * 0.1f), minimum = (Half)Next(random);
            bytes.AddRange(MemoryMarshal.AsBytes<Half>([scale]));
            if (Format is WeightFormat.Q4_1 or WeightFormat.Q5_1) bytes.AddRange(MemoryMarshal.AsBytes<Half>([minimum]));
            uint fifth = (uint)random.NextInt64();
            if (Format == WeightFormat.Q5_1) bytes.AddRange(BitConverter.GetBytes(fifth));
            byte[] data = new byte[Format == WeightFormat.Q8_0 ? 32 : 16];
            random.NextBytes(data);
            bytes.AddRange(data);
            for (int i = 0; i < 32; i++)
            {
                int nibble = Format == WeightFormat.Q8_0 ? 0 : i < 16 ? data[i] & 15 : data[i - 16] >> 4;
                int code = Format == WeightFormat.Q5_1 ? nibble + (int)((fifth >> i & 1) * 16) : nibble;
                numbers.Add(Format switch
                {
                    WeightFormat.Q8_0 => (float)scale * (sbyte)data[i],
                    WeightFormat.Q4_0 => (float)scale * (nibble - 8),
                    _ => (float)(((double)(float)scale * code) + (float)minimum),
                });
            }
        }
        return ([.. bytes], [.. numbers]);
    }

    private static float Next(Random random) => ((float)random.NextDouble() - 0.5f) * 2;
}
