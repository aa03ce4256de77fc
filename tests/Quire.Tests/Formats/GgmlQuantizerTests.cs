using Quire.Formats;

namespace Quire.Tests.Formats;

public sealed class GgmlQuantizerTests
{
    [Theory]
    [InlineData(GgmlType.F32)]
    [InlineData(GgmlType.BF16)]
    [InlineData(GgmlType.Q8_0)]
    [InlineData(GgmlType.Q4_0)]
    [InlineData(GgmlType.Q4_1)]
    public void A_rounded_value_is_half_a_step_away_at_most(GgmlType type)
    {
        var random = new Random(3);
        var values = new float[32 * 64];
        for (int i = 0; i < values.Length; i++) values[i] = (random.NextSingle() - 0.4f) * (1 + (i / 32));
        float[] rounded = RoundTrip(type, values);
        for (int block = 0; block < values.Length; block += 32)
        {
            float[] own = values[block..(block + 32)];
            double largest = own.Max(Math.Abs), range = (double)own.Max() - own.Min();
            // A step of the codes, whose scale is rounded by 2^-11 of itself, which the code multiplies; of Q4_0, the side away from the farthest value has one code less.
            double bound = type switch
            {
                GgmlType.F32 => 0,
                GgmlType.BF16 => largest * Math.Pow(2, -8),
                GgmlType.Q8_0 => (largest / 127 * 0.5) + (largest * Math.Pow(2, -11)),
                GgmlType.Q4_0 => (largest / 8) + (largest * Math.Pow(2, -11)),
                _ => (range / 15 * 0.5) + ((range + largest) * Math.Pow(2, -11)),
            };
            // Beside it, float32's own rounding of products and sums.
            bound += type == GgmlType.F32 ? 0 : 4 * largest * Math.Pow(2, -24);
            for (int i = 0; i < 32; i++) Assert.InRange(Math.Abs(values[block + i] - rounded[block + i]), 0, bound);
        }
    }

    [Theory]
    [InlineData(GgmlType.BF16)]
    [InlineData(GgmlType.Q8_0)]
    [InlineData(GgmlType.Q4_0)]
    [InlineData(GgmlType.Q4_1)]
    public void Zeros_and_constants_stay(GgmlType type)
    {
        Assert.All(RoundTrip(type, new float[32]), value => Assert.Equal(0, value));
        float[] constant = new float[32];
        constant.AsSpan().Fill(-0.5f);
        // 0.5 / 127 is no float16.
        Assert.All(RoundTrip(type, constant), value => Assert.Equal(-0.5f, value, type == GgmlType.Q8_0 ? 0.5 * Math.Pow(2, -11) : 0));
    }

    [Fact]
    public void Halves_of_bf16_go_to_the_even_side() =>
        Assert.Equal([1f, 1.015625f, 1.0078125f, -1f], RoundTrip(GgmlType.BF16, [1.00390625f, 1.01171875f, 1.004f, -1.00390625f]));

    [Fact]
    public void What_cannot_be_rounded_to_is_refused()
    {
        Assert.False(GgmlQuantizer.CanQuantize(GgmlType.Q4_K));
        QuireException error = Assert.Throws<QuireException>(() => GgmlQuantizer.Quantize(GgmlType.Q4_K, new float[256], new byte[144]));
        Assert.Contains("Q4_K", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => GgmlQuantizer.Quantize(GgmlType.Q8_0, new float[33], new byte[34]));
        Assert.Throws<ArgumentException>(() => GgmlQuantizer.Quantize(GgmlType.Q8_0, new float[32], new byte[35]));
    }

    private static float[] RoundTrip(GgmlType type, float[] values)
    {
        var blocks = new byte[values.Length / type.BlockSize() * type.BlockBytes()];
        var read = new float[values.Length];
        GgmlQuantizer.Quantize(type, values, blocks);
        GgmlDequantizer.Dequantize(type, blocks, read);
        return read;
    }
}
