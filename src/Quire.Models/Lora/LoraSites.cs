using Quire.Tensors;

namespace Quire.Models;

/// <summary>Products of a model that adapters change.</summary>
public enum LoraTarget
{
    Embedding,
    Head,
    Qkv,
    Output,

    /// <summary>Gate and up, or up alone.</summary>
    Up,
    Down,
}

/// <summary>The sites of one model.</summary>
internal sealed class LoraSites(IDevice device, int layers)
{
    private readonly Dictionary<(LoraTarget, int), LoraSite> sites = Create(device, layers);

    /// <param name="layer">0 for embedding and head.</param>
    public LoraSite this[LoraTarget target, int layer = 0] => sites[(target, layer)];

    /// <summary>Puts an adapter into a slot, or nothing.</summary>
    public void Set(int slot, LoadedAdapter? adapter)
    {
        foreach (((LoraTarget Target, int Layer) key, LoraSite site) in sites) site.Set(slot, adapter?.Update(key.Target, key.Layer));
    }

    private static Dictionary<(LoraTarget, int), LoraSite> Create(IDevice device, int layers)
    {
        Dictionary<(LoraTarget, int), LoraSite> sites = new() { [(LoraTarget.Embedding, 0)] = new(device), [(LoraTarget.Head, 0)] = new(device) };
        for (int layer = 0; layer < layers; layer++)
            foreach (LoraTarget target in (LoraTarget[])[LoraTarget.Qkv, LoraTarget.Output, LoraTarget.Up, LoraTarget.Down]) sites[(target, layer)] = new(device);
        return sites;
    }
}
