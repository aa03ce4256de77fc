using Quire.Tensors;

namespace Quire.Models;

/// <summary>Projections and recurrence of one layer.</summary>
internal sealed class RecurrentLayer : ITokenMixer
{
    private readonly RecurrentSpec spec;
    private readonly PreparedLinear input, outputWeight;
    private readonly PreparedLinear? gates;
    private readonly Tensor convolution;
    private readonly DeltaRule rule;

    public RecurrentLayer(WeightReader reader, int layer, int hidden, RecurrentSpec spec)
    {
        this.spec = spec;
        input = reader.Prepare(reader.RecurrentRows(layer, hidden, spec));
        outputWeight = reader.Prepare(reader.Rows(WeightPart.RecurrentOut, layer, hidden, spec.OutputSize));
        convolution = reader.Convolution(layer, spec);
        if (spec.Delta is not { } delta) return;
        gates = reader.Prepare(reader.DeltaGates(layer, hidden, delta));
        rule = new DeltaRule(delta.KeyHeads, delta.ValueHeads, delta.KeySize, delta.ValueSize, reader.DeltaDecay(layer, delta),
            reader.Vector(layer, (WeightPart.DeltaBias, delta.ValueHeads)), reader.Norm(WeightPart.DeltaNorm, layer, delta.ValueSize, delta.Norm));
    }

    public void Forward(IDevice device, Workspace workspace, Tensor output, Tensor input, Tensor residual, in LayerMemory memory, Tensor adapterSlots)
    {
        long tokens = input.Shape[0];
        Tensor rows = workspace.Qkv(tokens, spec.RowSize), mixed = workspace.AttentionRows(tokens, spec.OutputSize);
        device.Linear(rows, input, this.input, default);
        if (spec.Delta is { } delta)
        {
            Tensor gated = workspace.Gates(tokens, 2 * delta.ValueHeads);
            device.Linear(gated, input, gates!, default);
            device.CausalConv(rows, rows, convolution, memory.State, memory.States, isGated: false);
            device.GatedDelta(mixed, rows, gated, memory.State, memory.States, rule);
        }
        else
        {
            device.CausalConv(mixed, rows, convolution, memory.State, memory.States, isGated: true);
        }
        device.Linear(output, mixed, outputWeight, new LinearEpilogue(default, residual));
    }
}
