using Quire.Tensors;

namespace Quire.Models;

/// <summary>Experts, and the feed-forward that all tokens share where there is one.</summary>
internal sealed class MoeLayer
{
    private readonly MoeSpec spec;
    private readonly PreparedLinear router;
    private readonly PreparedLinear? sharedScale;
    private readonly Tensor routerBias;
    private readonly ExpertWeights experts;
    private readonly MlpLayer? shared;

    public MoeLayer(WeightReader reader, int layer, int hidden, MoeSpec spec, MlpSpec sharedSpec, LoraSites adapters)
    {
        this.spec = spec;
        router = reader.Prepare(reader.Rows(WeightPart.Router, layer, spec.Experts, hidden));
        if (spec.RouterBias) routerBias = reader.Vector(layer, (WeightPart.RouterBias, spec.Experts));
        PreparedLinear[] up = new PreparedLinear[spec.Experts], down = new PreparedLinear[spec.Experts];
        for (int expert = 0; expert < spec.Experts; expert++)
        {
            (IWeightRows[] upRows, IWeightRows downRows) = reader.Expert(layer, expert, hidden, spec);
            (up[expert], down[expert]) = (reader.Prepare(upRows), reader.Prepare(downRows));
        }
        experts = new ExpertWeights(
            up,
            down,
            spec.Bias ? reader.ExpertBias(WeightPart.ExpertUpBias, layer, spec, 2 * spec.IntermediateSize) : default,
            spec.Bias ? reader.ExpertBias(WeightPart.ExpertDownBias, layer, spec, hidden) : default,
            spec.HasCorrection ? reader.Vector(layer, (WeightPart.RouterCorrection, spec.Experts)) : default);
        reader.Mixtures.Add((experts, spec.Router.Chosen));
        if (sharedSpec.IntermediateSize == 0) return;
        shared = new MlpLayer(reader, layer, hidden, sharedSpec, adapters, WeightPart.SharedGate, WeightPart.SharedUp, WeightPart.SharedDown);
        if (spec.GatesShared) sharedScale = reader.Prepare(reader.Rows(WeightPart.SharedScale, layer, 1, hidden));
    }

    /// <summary>output = residual + experts(input) + shared(input).</summary>
    /// <param name="output">May be the residual or the input.</param>
    /// <param name="residual">Empty adds nothing.</param>
    public void Forward(IDevice device, Workspace workspace, Tensor output, Tensor input, Tensor residual, Tensor adapterSlots)
    {
        long tokens = input.Shape[0];
        Tensor logits = workspace.RouterLogits(tokens, spec.Experts), all = default, gates = default;
        device.Linear(logits, input, router, new LinearEpilogue(routerBias));
        if (shared is not null)
        {
            // Before the experts: their output may take the input's place.
            all = workspace.SecondHidden(tokens, (int)input.Shape[1]);
            shared.Forward(device, workspace, all, input, default, adapterSlots);
            if (sharedScale is not null) device.Linear(gates = workspace.SharedGates(tokens), input, sharedScale, default);
        }
        device.Experts(output, input, logits, experts, spec.Router, spec.Activation, spec.Limit, residual);
        if (shared is null) return;
        if (sharedScale is null) device.Add(output, all, 1);
        else device.AddGated(output, all, gates);
    }
}
