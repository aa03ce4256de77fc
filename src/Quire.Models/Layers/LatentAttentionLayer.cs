using Quire.Tensors;

namespace Quire.Models;

/// <summary>Multi-head latent attention (DeepSeek V2, arXiv 2405.04434), absorbed: the cache holds one latent a token, and queries and outputs go through the latents' up-projection instead of keys and values.</summary>
internal sealed class LatentAttentionLayer : ITokenMixer
{
    private readonly AttentionSpec spec;
    private readonly LatentSpec latent;
    private readonly PreparedLinear? queryDown;
    private readonly PreparedLinear queryUp, latentDown, outputWeight;
    private readonly PreparedHeads keys, values;
    private readonly NormWeight queryNorm;
    private readonly LatentRule latentRule;
    private readonly AttentionRule rule;
    private readonly LoraSite outputAdapters;

    public LatentAttentionLayer(WeightReader reader, int layer, int hidden, AttentionSpec spec, LatentSpec latent, Tensor rotary, LoraSites adapters)
    {
        (this.spec, this.latent) = (spec, latent);
        outputAdapters = adapters[LoraTarget.Output, layer];
        if (latent.QueryRank > 0)
        {
            queryDown = reader.Prepare(reader.Rows(WeightPart.QueryDown, layer, latent.QueryRank, hidden));
            queryNorm = reader.Norm(WeightPart.QueryDownNorm, layer, latent.QueryRank, latent.Norm);
        }
        queryUp = reader.Prepare(reader.LatentQueries(layer, latent.QueryRank > 0 ? latent.QueryRank : hidden, spec, latent));
        latentDown = reader.Prepare(reader.Latents(layer, hidden, spec, latent));
        (keys, values) = reader.LatentHeads(layer, spec, latent);
        outputWeight = reader.Prepare(reader.Rows(WeightPart.Output, layer, hidden, spec.Heads * latent.ValueSize));
        latentRule = new LatentRule(latent.PlainSize, latent.Size, reader.Norm(WeightPart.LatentNorm, layer, latent.Size, latent.Norm), rotary);
        rule = new AttentionRule(spec.Scale);
    }

    public void Forward(IDevice device, Workspace workspace, Tensor output, Tensor input, Tensor residual, in LayerMemory memory, Tensor adapterSlots)
    {
        long tokens = input.Shape[0];
        int head = latent.PlainSize + latent.RotatedSize;
        // What attention writes last serves its projections before.
        Tensor rows = workspace.Qkv(tokens, spec.Heads * head), query = workspace.Query(tokens, spec.Heads, spec.HeadSize);
        if (queryDown is null)
        {
            device.Linear(rows, input, queryUp, default);
        }
        else
        {
            Tensor down = workspace.AttentionRows(tokens, latent.QueryRank);
            device.Linear(down, input, queryDown, default);
            device.Norm(down, down, queryNorm);
            device.Linear(rows, down, queryUp, default);
        }
        Tensor latents = workspace.AttentionRows(tokens, spec.HeadSize), heads = rows.View(new Shape(tokens, spec.Heads, head));
        device.Linear(latents, input, latentDown, default);
        device.SplitLatent(query, heads, latents, memory.Cache, memory.Attention, latentRule);
        device.HeadLinear(query, heads, keys);

        Tensor attended = workspace.Attention(tokens, spec.Heads, latent.Size);
        device.Attention(attended, query, memory.Cache, memory.Attention, rule);
        Tensor mixed = workspace.Qkv(tokens, spec.Heads * latent.ValueSize);
        device.HeadLinear(mixed.View(new Shape(tokens, spec.Heads, latent.ValueSize)), attended, values);
        device.Linear(output, mixed, outputWeight, new LinearEpilogue(default, residual));
        outputAdapters.Apply(output, mixed, adapterSlots);
    }
}
