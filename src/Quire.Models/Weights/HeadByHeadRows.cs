using Quire.Tensors;

namespace Quire.Models;

/// <summary>A matrix that stores query, key and value of a head behind each other, as all queries, all keys, all values.</summary>
internal sealed class HeadByHeadRows(IWeightRows rows, int heads, int headSize) : IWeightRows
{
    public string Name => rows.Name;

    public Shape Shape => rows.Shape;

    public WeightFormat Format => rows.Format;

    public void Read(long row, Span<float> values) => rows.Read(Stored(row, heads, headSize), values);

    public ReadOnlySpan<byte> Raw(long row) => rows.Raw(Stored(row, heads, headSize));

    /// <summary>Where a row is stored.</summary>
    public static long Stored(long row, int heads, int headSize)
    {
        long kind = row / ((long)heads * headSize), head = row / headSize % heads;
        return (((3 * head) + kind) * headSize) + (row % headSize);
    }
}
