using Quire.Tensors;

namespace Quire.Models;

/// <summary>A gated feed-forward; gate and up are one product.</summary>
internal sealed class MlpLayer
{
    private readonly MlpSpec spec;
    private readonly PreparedLinear gateUp, down;
    private readonly Tensor gateUpBias, downBias;

    public MlpLayer(WeightReader reader, int layer, int hidden, MlpSpec spec)
    {
        this.spec = spec;
        int size = spec.IntermediateSize;
        gateUp = reader.Prepare(new StackedRows(reader.Split(layer, hidden, (WeightPart.Gate, size), (WeightPart.Up, size))));
        down = reader.Prepare(reader.Rows(WeightPart.Down, layer, hidden, size));
        if (!spec.Bias) return;
        gateUpBias = reader.Vector(layer, (WeightPart.GateBias, size), (WeightPart.UpBias, size));
        downBias = reader.Vector(layer, (WeightPart.DownBias, hidden));
    }

    /// <summary>output = residual + down(activation(gate(input)) * up(input)).</summary>
    /// <param name="output">May be the residual or the input.</param>
    /// <param name="residual">Empty adds nothing.</param>
    public void Forward(IDevice device, Workspace workspace, Tensor output, Tensor input, Tensor residual)
    {
        long tokens = input.Shape[0];
        Tensor rows = workspace.GateUp(tokens, 2 * spec.IntermediateSize), gated = workspace.Gated(tokens, spec.IntermediateSize);
        device.Linear(rows, input, gateUp, new LinearEpilogue(gateUpBias));
        device.GatedActivation(gated, rows, spec.Activation);
        device.Linear(output, gated, down, new LinearEpilogue(downBias, residual));
    }
}
