using Quire.Tensors;

namespace Quire.Models;

/// <summary>Projections, cache and attention of one layer.</summary>
internal sealed class AttentionLayer
{
    private readonly AttentionSpec spec;
    private readonly PreparedLinear qkv, output;
    private readonly Tensor qkvBias, outputBias;
    private readonly HeadRule heads;
    private readonly AttentionRule rule;

    public AttentionLayer(WeightReader reader, int layer, int hidden, AttentionSpec spec, Tensor rotary)
    {
        this.spec = spec;
        int queries = spec.Heads * spec.HeadSize, keys = spec.KvHeads * spec.HeadSize;
        qkv = reader.Prepare(new StackedRows(
            reader.RotatedRows(WeightPart.Query, layer, queries, hidden, spec.HeadSize),
            reader.RotatedRows(WeightPart.Key, layer, keys, hidden, spec.HeadSize),
            reader.Rows(WeightPart.Value, layer, keys, hidden)));
        output = reader.Prepare(reader.Rows(WeightPart.Output, layer, hidden, queries));
        if (spec.QkvBias) qkvBias = reader.Vector(layer, (WeightPart.QueryBias, queries), (WeightPart.KeyBias, keys), (WeightPart.ValueBias, keys));
        if (spec.OutputBias) outputBias = reader.Vector(layer, (WeightPart.OutputBias, hidden));
        heads = new HeadRule(spec.Heads, spec.KvHeads, spec.HeadSize, Norm(reader, layer, spec.QueryNorm, WeightPart.QueryNorm), Norm(reader, layer, spec.KeyNorm, WeightPart.KeyNorm), rotary);
        rule = new AttentionRule(spec.Scale, spec.Window);
    }

    /// <summary>residual += output projection of attention over <paramref name="input"/>.</summary>
    public void Forward(IDevice device, Workspace workspace, Tensor residual, Tensor input, in KvCache cache, in AttentionBatch batch)
    {
        long tokens = input.Shape[0];
        Tensor rows = workspace.Qkv(tokens, (spec.Heads + (2 * spec.KvHeads)) * spec.HeadSize);
        Tensor query = workspace.Query(tokens, spec.Heads, spec.HeadSize), attended = workspace.Attention(tokens, spec.Heads, spec.HeadSize);
        device.Linear(rows, input, qkv, new LinearEpilogue(qkvBias));
        device.SplitHeads(query, rows, cache, batch, heads);
        device.Attention(attended, query, cache, batch, rule);
        device.Linear(residual, attended.View(new Shape(tokens, spec.Heads * spec.HeadSize)), output, new LinearEpilogue(outputBias, residual));
    }

    private NormWeight Norm(WeightReader reader, int layer, NormSpec? norm, WeightPart part) =>
        norm is null ? default : new NormWeight(reader.Vector(layer, (part, spec.HeadSize)), norm.Epsilon);
}
