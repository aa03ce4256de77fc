using Quire.Tensors;

namespace Quire.Models;

/// <summary>What DoRA adds to a matrix W: row n becomes magnitude[n] / |W[n] + s B[n] A| times (W[n] + s B[n] A), so the difference is a matrix of W's size.</summary>
/// <remarks>Liu et al. 2024, and PEFT's <c>DoraLinearLayer</c>.</remarks>
/// <param name="magnitude">[outputs, 1], rows as in <paramref name="weight"/>.</param>
internal sealed class DoraRows(IWeightRows weight, IWeightRows a, IWeightRows b, float scale, IWeightRows magnitude) : IWeightRows
{
    private readonly float[] shrink = ReadAll(a);

    public string Name => weight.Name;

    public Shape Shape => weight.Shape;

    public WeightFormat Format => WeightFormat.Other;

    public void Read(long row, Span<float> values)
    {
        weight.Read(row, values);
        var changed = values.ToArray();
        Span<float> factors = stackalloc float[(int)a.Shape[0]], length = stackalloc float[1];
        b.Read(row, factors);
        for (int j = 0; j < factors.Length; j++)
            for (int k = 0; k < changed.Length; k++) changed[k] += scale * factors[j] * shrink[(j * changed.Length) + k];
        double norm = Math.Sqrt(changed.Sum(value => (double)value * value));
        magnitude.Read(row, length);
        for (int k = 0; k < changed.Length; k++) values[k] = (float)((length[0] / norm * changed[k]) - values[k]);
    }

    public ReadOnlySpan<byte> Raw(long row) => throw new NotSupportedException($"{Name} is computed");

    private static float[] ReadAll(IWeightRows rows)
    {
        int columns = (int)rows.Shape[1];
        var values = new float[rows.Shape.Count];
        for (int row = 0; row < rows.Shape[0]; row++) rows.Read(row, values.AsSpan(row * columns, columns));
        return values;
    }
}
