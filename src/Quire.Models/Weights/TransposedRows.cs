using Quire.Tensors;

namespace Quire.Models;

/// <summary>A matrix that is stored [inputs, outputs], as [outputs, inputs].</summary>
internal sealed class TransposedRows : IWeightRows
{
    // Columns of a file's matrix lie far apart: it is turned once.
    private readonly float[] values;

    public TransposedRows(IWeightRows rows)
    {
        (long inputs, long outputs) = (rows.Shape[0], rows.Shape[1]);
        Name = rows.Name;
        Shape = new Shape(outputs, inputs);
        // 16-bit numbers stay what they are: rounding to bf16 is exact for them.
        Format = rows.Format == WeightFormat.BF16 ? WeightFormat.BF16 : WeightFormat.Other;
        values = new float[inputs * outputs];
        var row = new float[outputs];
        for (long input = 0; input < inputs; input++)
        {
            rows.Read(input, row);
            for (long output = 0; output < outputs; output++) values[(output * inputs) + input] = row[output];
        }
    }

    public string Name { get; }

    public Shape Shape { get; }

    public WeightFormat Format { get; }

    public void Read(long row, Span<float> destination) => values.AsSpan((int)(row * destination.Length), destination.Length).CopyTo(destination);

    public ReadOnlySpan<byte> Raw(long row)
    {
        var bits = new ushort[Shape[1]];
        for (int i = 0; i < bits.Length; i++) bits[i] = (ushort)(BitConverter.SingleToUInt32Bits(values[(row * bits.Length) + i]) >> 16);
        return System.Runtime.InteropServices.MemoryMarshal.AsBytes(bits.AsSpan());
    }
}
