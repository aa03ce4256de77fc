using Quire.Models;

namespace Quire.Engine;

/// <summary>Which adapter is in which of the model's slots: the least recently used one gives way. A step names at most as many adapters as there are slots.</summary>
internal sealed class AdapterSlots(AdapterStore store, TransformerModel model, int count)
{
    private readonly int[] ids = new int[count];
    private readonly LoadedAdapter?[] loaded = new LoadedAdapter?[count];
    private readonly long[] lastStep = new long[count];
    private long step;

    /// <summary>True where the step has adapters at all.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>Gives every adapter of the step a slot.</summary>
    public void Prepare(StepPlan plan, IReadOnlyList<RunnerRow> rows)
    {
        step++;
        IsUsed = false;
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            int id = rows[plan.Rows[i].Row].Request.Adapter;
            if (id == 0) continue;
            IsUsed = true;
            if (Of(id) is not (>= 0 and var slot)) continue;
            lastStep[slot] = step;
            // Its memory may have been given back since, and read again.
            if (!ReferenceEquals(loaded[slot], store.Weights(id))) Put(slot, id);
        }
        if (!IsUsed) return;
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            int id = rows[plan.Rows[i].Row].Request.Adapter;
            if (id == 0 || Of(id) >= 0) continue;
            int slot = 0;
            for (int other = 1; other < count; other++)
                if (lastStep[other] < lastStep[slot]) slot = other;
            if (lastStep[slot] == step) throw new InvalidOperationException($"a step names more than {count} adapters");
            Put(slot, id);
            lastStep[slot] = step;
        }
    }

    private void Put(int slot, int id)
    {
        (ids[slot], loaded[slot]) = (id, store.Weights(id));
        model.SetAdapter(slot, loaded[slot]);
    }

    /// <summary>The slot of an adapter of this step, -1 for none.</summary>
    public int Of(int id) => id == 0 ? -1 : Array.IndexOf(ids, id);
}
