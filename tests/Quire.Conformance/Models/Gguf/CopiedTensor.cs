using Quire.Formats;

namespace Quire.Conformance.Models;

/// <summary>Numbers on their way into a GGUF file.</summary>
/// <param name="Shape">Slowest first.</param>
internal sealed record CopiedTensor(float[] Values, long[] Shape)
{
    public static CopiedTensor Read(CheckpointTensor tensor)
    {
        var values = new float[tensor.Shape.Count];
        tensor.ReadRows(0, tensor.Shape.Rows, values);
        return new CopiedTensor(values, [.. Enumerable.Range(0, tensor.Shape.Rank).Select(axis => tensor.Shape[axis])]);
    }

    public static CopiedTensor Stack(IReadOnlyList<CopiedTensor> parts) =>
        new([.. parts.SelectMany(part => part.Values)], [parts.Count, .. parts[0].Shape]);

    /// <summary>Elements behind one index of the first axis.</summary>
    private long RowSize => Values.LongLength / Shape[0];

    public CopiedTensor Plus(float number) => this with { Values = [.. Values.Select(value => value + number)] };

    public CopiedTensor Times(float number) => this with { Values = [.. Values.Select(value => value * number)] };

    public CopiedTensor Reshaped(params long[] shape) => this with { Shape = shape };

    /// <summary>Rows of the first axis: row i is row <paramref name="source"/>(i) of this one.</summary>
    public CopiedTensor Taking(long count, Func<long, long> source)
    {
        long size = RowSize;
        var values = new float[count * size];
        for (long row = 0; row < count; row++) Array.Copy(Values, source(row) * size, values, row * size, size);
        return new CopiedTensor(values, [count, .. Shape[1..]]);
    }

    /// <summary>Last two axes exchanged.</summary>
    public CopiedTensor Transposed()
    {
        long rows = Shape[^2], columns = Shape[^1];
        var values = new float[Values.Length];
        for (long i = 0; i < values.LongLength; i++)
        {
            long matrix = i / (rows * columns), within = i % (rows * columns);
            values[i] = Values[(matrix * rows * columns) + (within % rows * columns) + (within / rows)];
        }
        return new CopiedTensor(values, [.. Shape[..^2], columns, rows]);
    }

    /// <summary>Every matrix's rows of the axis before the last that <paramref name="source"/> names: [n, count, columns].</summary>
    public CopiedTensor TakingInner(long count, Func<long, long> source)
    {
        long outer = Shape[0], inner = Shape[1];
        return Reshaped([outer * inner, .. Shape[2..]])
            .Taking(outer * count, row => (row / count * inner) + source(row % count))
            .Reshaped([outer, count, .. Shape[2..]]);
    }
}
