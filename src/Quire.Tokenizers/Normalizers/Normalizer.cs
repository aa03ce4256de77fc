namespace Quire.Tokenizers;

/// <summary>Rewrites a text before it is split and looked up.</summary>
internal abstract class Normalizer
{
    public abstract AlignedText Normalize(AlignedText text);

    public string Normalize(string text) => Normalize(new AlignedText(text)).Text;
}

/// <summary>One after the other.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<Normalizer> normalizers) : Normalizer
{
    public override AlignedText Normalize(AlignedText text)
    {
        foreach (Normalizer normalizer in normalizers) text = normalizer.Normalize(text);
        return text;
    }
}
