namespace Quire.Models;

/// <summary>One divisor per frequency, as GGUF files of Llama 3 store their scaling.</summary>
/// <param name="Attention">Factor of cosines and sines.</param>
public sealed record DivisorScaling(IReadOnlyList<float> Divisors, float Attention = 1) : RopeScaling
{
    public override float AttentionFactor => Attention;

    public override float[] InverseFrequencies(RopeSpec rope)
    {
        float[] frequencies = rope.Unscaled(rope.Theta);
        if (Divisors.Count != frequencies.Length)
            throw new QuireException(ErrorKind.InvalidModel, $"The checkpoint has {Divisors.Count} divisors of rotary frequencies; heads that rotate {rope.RotatedSize} elements need {frequencies.Length}.");
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] /= Divisors[i];
        return frequencies;
    }

    public bool Equals(DivisorScaling? other) => other is not null && Attention == other.Attention && Divisors.SequenceEqual(other.Divisors);

    public override int GetHashCode() => HashCode.Combine(Divisors.Count, Attention);
}

/// <summary>LongRoPE: divisors for models that run within their original context, others beyond. The longest sequence decides once for all, as in vLLM:
/// a paged cache cannot rotate old keys anew.</summary>
public sealed record LongRopeScaling(IReadOnlyList<float> Short, IReadOnlyList<float> Long, int OriginalMaxPositions, float Attention) : RopeScaling
{
    public override float AttentionFactor => Attention;

    public override RopeScaling For(int positions) => new DivisorScaling(positions > OriginalMaxPositions ? Long : Short, Attention);

    public override float[] InverseFrequencies(RopeSpec rope) => new DivisorScaling(Long, Attention).InverseFrequencies(rope);

    public bool Equals(LongRopeScaling? other) => other is not null
        && (OriginalMaxPositions, Attention) == (other.OriginalMaxPositions, other.Attention)
        && Short.SequenceEqual(other.Short) && Long.SequenceEqual(other.Long);

    public override int GetHashCode() => HashCode.Combine(Long.Count, OriginalMaxPositions, Attention);
}
