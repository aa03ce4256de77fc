using Quire.Tensors;

namespace Quire.Models;

/// <summary>A feed-forward; gate and up are one product.</summary>
internal sealed class MlpLayer
{
    private readonly MlpSpec spec;
    private readonly PreparedLinear up, down;
    private readonly Tensor upBias, downBias;
    private readonly LoraSite upAdapters, downAdapters;
    private readonly XieluParameters xielu;

    public MlpLayer(WeightReader reader, int layer, int hidden, MlpSpec spec, LoraSites adapters, WeightPart gate = WeightPart.Gate, WeightPart upPart = WeightPart.Up, WeightPart downPart = WeightPart.Down)
    {
        (upAdapters, downAdapters) = (adapters[LoraTarget.Up, layer], adapters[LoraTarget.Down, layer]);
        this.spec = spec;
        int size = spec.IntermediateSize;
        up = spec.IsGated
            ? reader.Prepare(reader.Split(layer, hidden, (gate, size), (upPart, size)))
            : reader.Prepare(reader.Rows(upPart, layer, size, hidden));
        down = reader.Prepare(reader.Rows(downPart, layer, hidden, size));
        if (spec.Activation == Activation.Xielu) xielu = spec.Xielu ?? reader.Xielu(layer);
        if (!spec.Bias) return;
        upBias = spec.IsGated ? reader.Vector(layer, (WeightPart.GateBias, size), (WeightPart.UpBias, size)) : reader.Vector(layer, (WeightPart.UpBias, size));
        downBias = reader.Vector(layer, (WeightPart.DownBias, hidden));
    }

    /// <summary>output = residual + down(activation(gate(input)) * up(input)), or without the gate.</summary>
    /// <param name="output">May be the residual or the input.</param>
    /// <param name="residual">Empty adds nothing.</param>
    public void Forward(IDevice device, Workspace workspace, Tensor output, Tensor input, Tensor residual, Tensor adapterSlots)
    {
        long tokens = input.Shape[0];
        Tensor gated = workspace.Gated(tokens, spec.IntermediateSize);
        if (spec.IsGated)
        {
            Tensor rows = workspace.GateUp(tokens, 2 * spec.IntermediateSize);
            LoraUpdate update = upAdapters.Update(input, adapterSlots);
            if (update.Adapters is null)
            {
                device.GatedLinear(gated, rows, input, up, upBias, spec.Activation);
            }
            else
            {
                device.Linear(rows, input, up, new LinearEpilogue(upBias));
                device.GatedActivation(gated, rows, spec.Activation, update: update);
            }
        }
        else
        {
            device.Linear(gated, input, up, new LinearEpilogue(upBias));
            upAdapters.Apply(gated, input, adapterSlots);
            if (spec.Activation == Activation.Xielu) device.Xielu(gated, xielu);
            else device.Activate(gated, spec.Activation);
        }
        device.Linear(output, gated, down, new LinearEpilogue(downBias, residual));
        downAdapters.Apply(output, gated, adapterSlots);
    }
}
