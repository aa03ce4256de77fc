using Quire.Models;

namespace Quire.Tests.Models;

public sealed class RopeSpecTests
{
    [Fact]
    public void More_positions_than_a_table_holds_are_refused() =>
        Assert.Contains("give a shorter --max-model-len", Assert.Throws<QuireException>(() => new RopeSpec(10000, 128).Table(100_000_000)).Message, StringComparison.Ordinal);

    [Fact]
    public void Dynamic_scaling_uses_the_base_of_the_longest_context_for_every_position()
    {
        // vLLM: base * ((factor * longest / original) - (factor - 1)) ^ (d / (d - 2)), longest = original * factor.
        var rope = new RopeSpec(10000, 16, new DynamicScaling(2, 32));
        double stretched = 10000 * Math.Pow((2.0 * 64 / 32) - 1, 16 / 14.0);
        float[] frequencies = rope.InverseFrequencies();
        for (int i = 0; i < frequencies.Length; i++) Assert.Equal(Math.Pow(stretched, -2.0 * i / 16), frequencies[i], 1e-7);
    }

    [Fact]
    public void Divisors_divide_and_must_be_as_many_as_frequencies()
    {
        float[] plain = new RopeSpec(500, 4).InverseFrequencies();
        Assert.Equal([plain[0] / 2, plain[1] / 8], new RopeSpec(500, 4, new DivisorScaling([2, 8])).InverseFrequencies());
        Assert.Equal(ErrorKind.InvalidModel, Assert.Throws<QuireException>(() => new RopeSpec(500, 4, new DivisorScaling([2])).InverseFrequencies()).Kind);
    }

    [Fact]
    public void The_table_holds_cosines_then_sines_by_position()
    {
        var rope = new RopeSpec(100, 4);
        float[] table = rope.Table(3), frequencies = rope.InverseFrequencies();
        for (int position = 0; position < 3; position++)
        {
            for (int i = 0; i < 2; i++)
            {
                Assert.Equal(Math.Cos(position * frequencies[i]), table[(position * 4) + i], 1e-6);
                Assert.Equal(Math.Sin(position * frequencies[i]), table[(position * 4) + 2 + i], 1e-6);
            }
        }
    }
}
