using Quire.Tensors;

namespace Quire.Models;

/// <summary>Rows of a table times a small matrix: embeddings that are narrower than the model, as hidden rows.</summary>
internal sealed class ProjectedRows : IWeightRows
{
    private readonly IWeightRows table;

    // [outputs][size]
    private readonly float[][] columns;

    private ProjectedRows(IWeightRows table, float[][] columns) => (this.table, this.columns) = (table, columns);

    public string Name => table.Name;

    public Shape Shape => new(table.Shape[0], columns.Length);

    public WeightFormat Format => WeightFormat.Other;

    /// <summary>Row · matrixᵀ: what follows a lookup.</summary>
    /// <param name="table">[rows, size]</param>
    /// <param name="matrix">[outputs, size]</param>
    public static ProjectedRows After(IWeightRows table, IWeightRows matrix) => new(table, [.. Rows(matrix)]);

    /// <summary>Row · matrix: a head whose input comes from <paramref name="matrix"/>.</summary>
    /// <param name="table">[rows, size]</param>
    /// <param name="matrix">[size, inputs]</param>
    public static ProjectedRows Before(IWeightRows table, IWeightRows matrix)
    {
        float[][] rows = [.. Rows(matrix)];
        return new(table, [.. Enumerable.Range(0, (int)matrix.Shape[1]).Select(column => rows.Select(row => row[column]).ToArray())]);
    }

    public void Read(long row, Span<float> values)
    {
        var stored = new float[table.Shape[1]];
        table.Read(row, stored);
        for (int i = 0; i < values.Length; i++)
        {
            double sum = 0;
            for (int k = 0; k < stored.Length; k++) sum += (double)stored[k] * columns[i][k];
            values[i] = (float)sum;
        }
    }

    public ReadOnlySpan<byte> Raw(long row) => throw new NotSupportedException($"{Name} is computed");

    private static IEnumerable<float[]> Rows(IWeightRows matrix)
    {
        for (long row = 0; row < matrix.Shape[0]; row++)
        {
            var values = new float[matrix.Shape[1]];
            matrix.Read(row, values);
            yield return values;
        }
    }
}
