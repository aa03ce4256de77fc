using Quire.Tensors;

namespace Quire.Models;

/// <summary>The memory of all KV blocks, one tensor [blocks, SlotBytes] per slot of the plan, and of recurrent layers' states.</summary>
public sealed class KvPool : IDisposable
{
    private readonly DeviceBuffer[] slots;
    private readonly KvCache[] layers;
    private readonly StateCache[] states;
    private readonly List<DeviceBuffer> stateMemory = [];

    /// <param name="blocks">Block ids 0 .. blocks - 1.</param>
    /// <param name="stateSlots">Slots of states 0 .. stateSlots - 1; 0 where no layer is recurrent.</param>
    public KvPool(IDevice device, KvPlan plan, int blocks, int stateSlots = 0)
    {
        Plan = plan;
        Blocks = blocks;
        slots = [.. Enumerable.Range(0, plan.Slots).Select(_ => device.Allocate(blocks * plan.SlotBytes))];
        layers = new KvCache[plan.Layouts.Count];
        GroupOf = new int[plan.Layouts.Count];
        states = [.. Enumerable.Range(0, plan.Layouts.Count).Select(layer => plan.States?.Layers[layer] is { } spec ? State(spec) : default)];
        StateCache State(RecurrentSpec spec) => new(
            Floats(new Shape(stateSlots, spec.Kernel - 1, spec.Channels)),
            spec.Delta is { } delta ? Floats(new Shape(stateSlots, delta.ValueHeads, delta.MatrixFloats / delta.ValueHeads)) : default);

        Tensor Floats(Shape shape)
        {
            DeviceBuffer memory = device.Allocate(4 * shape.Count);
            stateMemory.Add(memory);
            return memory.Tensor(DType.F32, shape);
        }

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

    /// <summary>States of a recurrent layer.</summary>
    public StateCache State(int layer) => states[layer];

    public void Dispose()
    {
        foreach (DeviceBuffer memory in slots.Concat(stateMemory)) memory.Dispose();
    }
}
