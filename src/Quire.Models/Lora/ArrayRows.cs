using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Models;

/// <summary>A matrix in memory.</summary>
/// <param name="values">[rows, columns]</param>
internal sealed class ArrayRows(string name, float[] values, int columns) : IWeightRows
{
    public string Name => name;

    public Shape Shape { get; } = new(values.Length / columns, columns);

    public WeightFormat Format => WeightFormat.F32;

    public void Read(long row, Span<float> destination) => values.AsSpan((int)row * columns, columns).CopyTo(destination);

    public ReadOnlySpan<byte> Raw(long row) => MemoryMarshal.AsBytes(values.AsSpan((int)row * columns, columns));
}
