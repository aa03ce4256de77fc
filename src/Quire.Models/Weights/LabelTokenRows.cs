using Quire.Tensors;

namespace Quire.Models;

/// <summary>A classifier's head made of a language model's: the rows of some tokens, or the second's less the first's.</summary>
/// <param name="head">[vocabulary, hidden]</param>
internal sealed class LabelTokenRows(IWeightRows head, LabelTokens labels) : IWeightRows
{
    public string Name => $"{labels.Labels} rows of {head.Name}";

    public Shape Shape { get; } = new(labels.Labels, head.Shape[1]);

    // A difference of two near rows is small: rounded as they are, it would lose what tells them apart.
    public WeightFormat Format => WeightFormat.ExactF32;

    public void Read(long row, Span<float> values)
    {
        if (!labels.IsDifference)
        {
            head.Read(labels.Ids[(int)row], values);
            return;
        }
        var no = new float[values.Length];
        head.Read(labels.Ids[0], no);
        head.Read(labels.Ids[1], values);
        for (int i = 0; i < values.Length; i++) values[i] -= no[i];
    }

    public ReadOnlySpan<byte> Raw(long row) => throw new NotSupportedException($"{Name} are computed");
}
