using Quire.Tensors;

namespace Quire.Models;

/// <summary>What follows the choice of a sequence's row.</summary>
internal sealed class Pooler
{
    private readonly PoolerSpec spec;
    private readonly PreparedLinear? dense, labels;
    private readonly Tensor denseBias, labelBias;
    private readonly NormWeight norm;

    public Pooler(WeightReader reader, ModelSpec model)
    {
        int hidden = model.HiddenSize;
        spec = model.Pooler!;
        if (spec.Dense is { } layer)
        {
            dense = reader.Prepare(reader.Rows(WeightPart.PoolerDense, 0, hidden, hidden));
            if (layer.Bias) denseBias = reader.Vector(0, (WeightPart.PoolerDenseBias, hidden));
            norm = reader.Norm(WeightPart.PoolerNorm, 0, hidden, layer.Norm);
        }
        if (spec.Labels.Count == 0) return;
        labels = reader.Prepare(spec.Tokens is { } tokens ? new LabelTokenRows(reader.Head(model), tokens) : reader.Labels(model));
        if (spec.LabelBias) labelBias = reader.Vector(0, (WeightPart.LabelBias, spec.Labels.Count));
    }

    /// <param name="rows">[rows, hidden], spent.</param>
    /// <param name="scratch">Rows of hidden and labels together.</param>
    /// <returns>[rows, labels], or [rows, hidden] where there are none: in one of the two.</returns>
    public Tensor Forward(IDevice device, Tensor rows, DeviceBuffer scratch)
    {
        long count = rows.Shape[0];
        Tensor row = rows;
        if (dense is not null)
        {
            row = scratch.Tensor(DType.F32, rows.Shape);
            device.Linear(row, rows, dense, new LinearEpilogue(denseBias));
            if (spec.Dense!.Activation is { } activation) device.Activate(row, activation);
            else device.ScaleAndCap(row, 1, 1); // tanh
            if (!norm.Weight.IsEmpty) device.Norm(row, row, norm);
        }
        if (labels is null) return row;
        Tensor numbers = scratch.Tensor(DType.F32, new Shape(count, spec.Labels.Count), rows.Shape.Count * sizeof(float));
        device.Linear(numbers, row, labels, new LinearEpilogue(labelBias));
        return numbers;
    }
}
