using Quire.Tensors;

namespace Quire.Models;

/// <summary>The memory of all KV blocks: one tensor [blocks, SlotBytes] per slot of the plan.</summary>
public sealed class KvPool : IDisposable
{
    private readonly DeviceBuffer[] slots;
    private readonly KvCache[] layers;

    /// <param name="blocks">Block ids 0 .. blocks - 1.</param>
    public KvPool(IDevice device, KvPlan plan, int blocks)
    {
        Plan = plan;
        Blocks = blocks;
        slots = [.. Enumerable.Range(0, plan.Slots).Select(_ => device.Allocate(blocks * plan.SlotBytes))];
        layers = new KvCache[plan.Layouts.Count];
        GroupOf = new int[plan.Layouts.Count];
        for (int group = 0; group < plan.Groups.Count; group++)
        {
            IReadOnlyList<int> members = plan.Groups[group].Layers;
            for (int slot = 0; slot < members.Count; slot++)
            {
                Tensor memory = slots[plan.IsScratch ? 0 : slot].Tensor(DType.U8, new Shape(blocks, plan.SlotBytes));
                layers[members[slot]] = new KvCache(memory, plan.Layouts[members[slot]]);
                GroupOf[members[slot]] = group;
            }
        }
    }

    public KvPlan Plan { get; }

    public int Blocks { get; }

    /// <summary>KV group of each layer.</summary>
    public int[] GroupOf { get; }

    public KvCache Layer(int layer) => layers[layer];

    public void Dispose()
    {
        foreach (DeviceBuffer slot in slots) slot.Dispose();
    }
}
