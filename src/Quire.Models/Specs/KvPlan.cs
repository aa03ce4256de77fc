using Quire.Tensors;

namespace Quire.Models;

/// <summary>Layers that share one block table.</summary>
/// <param name="Window">Tokens that its layers see, 0 for all.</param>
/// <param name="Layers">Layer indices in order; layer i of a group lies in pool tensor i.</param>
public sealed record KvGroup(int Window, IReadOnlyList<int> Layers);

/// <summary>What a layer's keys and values are divided by where they are kept as float8.</summary>
public readonly record struct KvScales(float Key, float Value);

/// <summary>How a model's layers share one pool of block ids: every group has the same number of pool tensors, so a block of any group has the same bytes.</summary>
public sealed record KvPlan
{
    private KvPlan(IReadOnlyList<KvGroup> groups, int slots, long slotBytes, IReadOnlyList<KvLayout> layouts) =>
        (Groups, Slots, SlotBytes, Layouts) = (groups, slots, slotBytes, layouts);

    public IReadOnlyList<KvGroup> Groups { get; }

    /// <summary>Pool tensors: layers of the longest group.</summary>
    public int Slots { get; }

    /// <summary>Bytes of a block in one pool tensor: the largest layer's.</summary>
    public long SlotBytes { get; }

    /// <summary>What each layer keeps, by layer index.</summary>
    public IReadOnlyList<KvLayout> Layouts { get; }

    /// <summary>Keys and values outlive no layer: all layers use the same memory.</summary>
    public bool IsScratch { get; private init; }

    /// <summary>Bytes of one block id over all pool tensors.</summary>
    public long BlockBytes => Slots * SlotBytes;

    /// <summary>Bytes of a block id that no layer uses, averaged over the groups: the price of one pool for all.</summary>
    public long PaddingBytes => IsScratch ? 0 : BlockBytes - (Groups.SelectMany(group => group.Layers).Sum(layer => Layouts[layer].BlockBytes) / Groups.Count);

    /// <summary>Groups by window; a kind with more layers than the rarest kind becomes several groups of that size.</summary>
    /// <param name="scales">By layer, where keys and values are float8; null is 1.</param>
    public static KvPlan Of(ModelSpec model, DType type, IReadOnlyList<KvScales>? scales = null)
    {
        KvLayout[] layouts = [.. model.Layers.Select((layer, i) => layer.Attention.KvLayout(type) with { KeyScale = scales?[i].Key ?? 1, ValueScale = scales?[i].Value ?? 1 })];
        if (model.IsEncoder)
            return new KvPlan([new KvGroup(0, [.. Enumerable.Range(0, layouts.Length)])], 1, layouts.Max(layout => layout.BlockBytes), layouts) { IsScratch = true };
        int[][] kinds = [.. Enumerable.Range(0, layouts.Length).GroupBy(i => model.Layers[i].Attention.Window).Select(kind => kind.ToArray())];
        int slots = kinds.Min(kind => kind.Length);
        KvGroup[] groups = [.. kinds.SelectMany(kind => kind.Chunk(slots).Select(layers => new KvGroup(model.Layers[layers[0]].Attention.Window, layers)))];
        return new KvPlan(groups, slots, layouts.Max(layout => layout.BlockBytes), layouts);
    }
}
