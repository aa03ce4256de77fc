using Quire.Models;

namespace Quire.Tests.Models;

/// <summary>Press, Smith and Lewis, "Train Short, Test Long": of n heads, n a power of two, head i = 1..n has the slope 2^(-8 i / n).</summary>
public sealed class AlibiSpecTests
{
    [Fact]
    public void A_power_of_two_of_heads_has_a_geometric_sequence()
    {
        Assert.Equal(Slopes(-1, -2, -3, -4, -5, -6, -7, -8), new AlibiSpec().Slopes(8));
        Assert.Equal(Slopes(-8), new AlibiSpec().Slopes(1));
        Assert.Equal(Slopes(-4, -8, -12, -16), new AlibiSpec(Maximum: 16).Slopes(4));
    }

    /// <summary>The paper's code: the slopes of the power of two below, then the first, third, ... of twice as many heads.</summary>
    [Fact]
    public void Other_numbers_of_heads_add_every_other_slope_of_twice_the_power_below()
    {
        Assert.Equal(Slopes(-4, -8, -2), new AlibiSpec().Slopes(3));
        Assert.Equal(Slopes(-2, -4, -6, -8, -1, -3), new AlibiSpec().Slopes(6));
        Assert.Equal(Slopes(-1, -2, -3, -4, -5, -6, -7, -8, -0.5, -1.5, -2.5, -3.5), new AlibiSpec().Slopes(12));
    }

    /// <summary>MPT: of the slopes of the next power of two the second, fourth, ..., then the first, third, ..., as many as there are heads.</summary>
    [Fact]
    public void Mpt_takes_the_slopes_of_the_next_power_at_odd_places_first()
    {
        var mpt = new AlibiSpec(TakesOddOnes: true);
        Assert.Equal(Slopes(-4, -8, -2), mpt.Slopes(3));
        Assert.Equal(Slopes(-2, -4, -6, -8, -1, -3), mpt.Slopes(6));
        // With 7 of 8, neither rule ends where the other does.
        Assert.Equal(Slopes(-2, -4, -6, -8, -1, -3, -5), mpt.Slopes(7));
        Assert.Equal(Slopes(-3, -6, -1.5), new AlibiSpec(Maximum: 6, TakesOddOnes: true).Slopes(3));
    }

    [Fact]
    public void The_factor_multiplies_every_slope() =>
        Assert.Equal(Slopes(-4, -8, -2).Select(slope => slope * 0.25f), new AlibiSpec(Factor: 0.25f).Slopes(3));

    private static float[] Slopes(params double[] exponents) => [.. exponents.Select(exponent => (float)Math.Pow(2, exponent))];
}
