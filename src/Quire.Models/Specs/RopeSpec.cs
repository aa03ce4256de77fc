namespace Quire.Models;

/// <summary>Rotary position embedding. Element i of a head pairs with i + RotatedSize / 2.</summary>
/// <param name="Theta">Base of the frequencies.</param>
/// <param name="RotatedSize">Leading elements of a head that rotate.</param>
/// <param name="Scaling">How a model's context was stretched, or null.</param>
public sealed record RopeSpec(double Theta, int RotatedSize, RopeScaling? Scaling = null)
{
    /// <summary>Angle per position of each pair, in radians: [RotatedSize / 2].</summary>
    public float[] InverseFrequencies() => Scaling?.InverseFrequencies(this) ?? Unscaled(Theta);

    /// <summary>Cosines and sines are multiplied by it.</summary>
    public float AttentionFactor => Scaling?.AttentionFactor ?? 1;

    /// <summary>[positions, 2, RotatedSize / 2]: cosines, then sines.</summary>
    public float[] Table(int positions)
    {
        RopeSpec rope = this with { Scaling = Scaling?.For(positions) };
        float[] frequencies = rope.InverseFrequencies();
        float factor = rope.AttentionFactor;
        int half = frequencies.Length;
        if ((long)positions * 2 * half > Array.MaxLength)
            throw new QuireException(ErrorKind.InvalidRequest, $"{positions} positions are more than a rotary table of {2 * half} numbers each can have, {Array.MaxLength / (2 * half)}; give a shorter --max-model-len.", param: "max-model-len");
        var table = new float[(long)positions * 2 * half];
        for (int position = 0; position < positions; position++)
        {
            Span<float> row = table.AsSpan(position * 2 * half, 2 * half);
            for (int i = 0; i < half; i++)
            {
                float angle = position * frequencies[i];
                row[i] = (float)Math.Cos(angle) * factor;
                row[half + i] = (float)Math.Sin(angle) * factor;
            }
        }
        return table;
    }

    /// <summary>theta^(-2i / RotatedSize).</summary>
    internal float[] Unscaled(double theta)
    {
        var frequencies = new float[RotatedSize / 2];
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] = (float)(1 / Math.Pow(theta, 2.0 * i / RotatedSize));
        return frequencies;
    }
}

/// <summary>One rule of stretching.</summary>
public abstract record RopeScaling
{
    public virtual float AttentionFactor => 1;

    public abstract float[] InverseFrequencies(RopeSpec rope);

    /// <summary>The rule where no sequence is longer than <paramref name="positions"/>.</summary>
    public virtual RopeScaling For(int positions) => this;
}

/// <summary>Positions divided by a factor.</summary>
public sealed record LinearScaling(double Factor) : RopeScaling
{
    public override float[] InverseFrequencies(RopeSpec rope) => Array.ConvertAll(rope.Unscaled(rope.Theta), f => (float)(f / Factor));
}

/// <summary>Llama 3: long wavelengths divided by the factor, short ones kept, a linear blend between.</summary>
public sealed record Llama3Scaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions) : RopeScaling
{
    public override float[] InverseFrequencies(RopeSpec rope) => Array.ConvertAll(rope.Unscaled(rope.Theta), f =>
    {
        double wavelength = 2 * Math.PI / f;
        if (wavelength < OriginalMaxPositions / HighFrequencyFactor) return f;
        if (wavelength > OriginalMaxPositions / LowFrequencyFactor) return (float)(f / Factor);
        double smooth = ((OriginalMaxPositions / wavelength) - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return (float)(((1 - smooth) * f / Factor) + (smooth * f));
    });
}

/// <summary>YaRN (arXiv 2309.00071): pairs that turn often keep their frequency, slow ones are divided by the factor, a ramp between.</summary>
/// <param name="Attention">Factor of cosines and sines; null is 0.1 ln(factor) + 1.</param>
/// <param name="Truncate">Round the ramp's ends outwards to whole pairs.</param>
public sealed record YarnScaling(double Factor, int OriginalMaxPositions, double BetaFast = 32, double BetaSlow = 1, float? Attention = null, bool Truncate = true) : RopeScaling
{
    public override float AttentionFactor => Attention ?? (Factor <= 1 ? 1 : (float)((0.1 * Math.Log(Factor)) + 1));

    public override float[] InverseFrequencies(RopeSpec rope)
    {
        double low = PairThatTurns(BetaFast), high = PairThatTurns(BetaSlow);
        if (Truncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        low = Math.Max(low, 0);
        high = Math.Min(high, rope.RotatedSize - 1);
        if (low == high) high += 0.001;

        float[] frequencies = rope.Unscaled(rope.Theta);
        for (int i = 0; i < frequencies.Length; i++)
        {
            double stretched = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] = (float)((frequencies[i] / Factor * stretched) + (frequencies[i] * (1 - stretched)));
        }
        return frequencies;

        double PairThatTurns(double turns) =>
            rope.RotatedSize * Math.Log(OriginalMaxPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(rope.Theta));
    }
}

/// <summary>Dynamic NTK with the base of the longest context for every position, as vLLM does: a paged cache cannot rotate old keys anew.</summary>
public sealed record DynamicScaling(double Factor, int OriginalMaxPositions) : RopeScaling
{
    public override float[] InverseFrequencies(RopeSpec rope)
    {
        double longest = OriginalMaxPositions * Factor;
        double stretch = (Factor * longest / OriginalMaxPositions) - (Factor - 1);
        return rope.Unscaled(rope.Theta * Math.Pow(stretch, rope.RotatedSize / (rope.RotatedSize - 2.0)));
    }
}

/// <summary>HunYuan's NTK: a base that is larger by a fixed factor.</summary>
public sealed record AlphaScaling(double Alpha) : RopeScaling
{
    public override float[] InverseFrequencies(RopeSpec rope) =>
        rope.Unscaled(rope.Theta * Math.Pow(Alpha, rope.RotatedSize / (rope.RotatedSize - 2.0)));
}
