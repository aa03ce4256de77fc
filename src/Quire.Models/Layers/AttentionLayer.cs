using Quire.Tensors;

namespace Quire.Models;

/// <summary>Projections, cache and attention of one layer.</summary>
internal sealed class AttentionLayer : ITokenMixer
{
    private readonly AttentionSpec spec;
    private readonly PreparedLinear qkv, outputWeight;
    private readonly PreparedLinear? gate;
    private readonly Tensor qkvBias, outputBias;
    private readonly HeadRule headRule;
    private readonly AttentionRule rule;
    private readonly LoraSite qkvAdapters, outputAdapters;

    public AttentionLayer(WeightReader reader, int layer, int hidden, AttentionSpec spec, Tensor rotary, LoraSites adapters, int positions)
    {
        (qkvAdapters, outputAdapters) = (adapters[LoraTarget.Qkv, layer], adapters[LoraTarget.Output, layer]);
        this.spec = spec;
        int queries = spec.Heads * spec.HeadSize;
        qkv = reader.Prepare(reader.Qkv(layer, hidden, spec));
        if (spec.GatesOutput) gate = reader.Prepare(reader.OutputGate(layer, hidden, spec));
        outputWeight = reader.Prepare(reader.Rows(WeightPart.Output, layer, hidden, queries));
        if (spec.QkvBias) qkvBias = reader.QkvBias(layer, spec);
        if (spec.OutputBias) outputBias = reader.Vector(layer, (WeightPart.OutputBias, hidden));
        headRule = new HeadRule(
            spec.Heads,
            spec.KvHeads,
            spec.HeadSize,
            HeadNorm(WeightPart.QueryNorm, spec.Heads, spec.QueryNorm),
            HeadNorm(WeightPart.KeyNorm, spec.KvHeads, spec.KeyNorm),
            rotary,
            spec.NormAfterRotation,
            spec.QkvClip,
            spec.Temperature is { } temperature ? reader.Upload(temperature.Table(positions), new Shape(positions)) : default);
        rule = new AttentionRule(spec.Scale, spec.Window, spec.ScoreCap, spec.HasSinks ? reader.Vector(layer, (WeightPart.Sinks, spec.Heads)) : default,
            spec.Alibi is { } alibi ? reader.Upload(alibi.Slopes(spec.Heads), new Shape(spec.Heads)) : default,
            spec.IsChunked,
            spec.IsBidirectional);

        NormWeight HeadNorm(WeightPart part, int count, NormSpec? norm) => spec.NormEachHead
            ? reader.HeadNorms(part, layer, count, spec, norm)
            : reader.Norm(part, layer, spec.NormAllHeads ? count * spec.HeadSize : spec.HeadSize, norm);
    }

    public void Forward(IDevice device, Workspace workspace, Tensor output, Tensor input, Tensor residual, in LayerMemory memory, Tensor adapterSlots)
    {
        long tokens = input.Shape[0];
        Tensor rows = workspace.Qkv(tokens, (spec.Heads + (2 * spec.KvHeads)) * spec.HeadSize);
        Tensor query = workspace.Query(tokens, spec.Heads, spec.HeadSize), attended = workspace.Attention(tokens, spec.Heads, spec.HeadSize);
        device.Linear(rows, input, qkv, new LinearEpilogue(qkvBias));
        device.SplitHeads(query, rows, memory.Cache, memory.Attention, headRule, qkvAdapters.Update(input, adapterSlots));
        device.Attention(attended, query, memory.Cache, memory.Attention, rule);
        Tensor heads = attended.View(new Shape(tokens, spec.Heads * spec.HeadSize));
        if (gate is not null)
        {
            Tensor gates = workspace.Gates(tokens, spec.Heads * spec.HeadSize);
            device.Linear(gates, input, gate, default);
            device.MultiplySigmoid(heads, gates);
        }
        device.Linear(output, heads, outputWeight, new LinearEpilogue(outputBias, residual));
        outputAdapters.Apply(output, heads, adapterSlots);
    }
}
