using Quire.Formats;

namespace Quire.Cli;

/// <summary>
/// The weights of random models, which every file format gets alike: numbers of bf16 whose variance of 1 / inputs keeps activations of ordinary size through all layers; norms and biases are 1.
/// One piece of random numbers is read over and over.
/// </summary>
internal sealed class RandomWeights
{
    private const int Length = 4 << 20;
    private readonly float[] units = new float[Length];

    public RandomWeights()
    {
        var random = new Random(1);
        for (int i = 0; i < units.Length; i++) units[i] = (float)((random.NextDouble() - 0.5) * Math.Sqrt(12));
    }

    /// <summary>A row of any matrix with as many inputs.</summary>
    public void Row(long row, Span<float> values)
    {
        float scale = 1 / MathF.Sqrt(values.Length);
        long start = row * values.Length;
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(units[(start + i) % Length] * scale);
            values[i] = BitConverter.UInt32BitsToSingle(bits & 0xFFFF0000);
        }
    }

    /// <param name="shape">[inputs] of a norm or a bias, or [outputs, inputs].</param>
    /// <param name="source">Which of the matrix's rows stands in a row's place; null where each stands in its own.</param>
    public void Write(Stream stream, long[] shape, GgmlType type, Func<long, long>? source = null)
    {
        var values = new float[shape[^1]];
        var blocks = new byte[values.Length / type.BlockSize() * type.BlockBytes()];
        if (shape.Length == 1)
        {
            values.AsSpan().Fill(1);
            GgmlQuantizer.Quantize(type, values, blocks);
            stream.Write(blocks);
            return;
        }
        for (long row = 0; row < shape[0]; row++)
        {
            Row(source?.Invoke(row) ?? row, values);
            GgmlQuantizer.Quantize(type, values, blocks);
            stream.Write(blocks);
        }
    }
}
