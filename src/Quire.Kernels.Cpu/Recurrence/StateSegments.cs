using Quire.Tensors;

namespace Quire.Kernels.Cpu.Recurrence;

/// <summary>The rows of a step by sequence and interval: each run of rows goes on from one slot and ends in another, or the same.</summary>
internal unsafe ref struct StateSegments(in StateBatch batch)
{
    private readonly int* positions = (int*)batch.Positions.Address, starts = (int*)batch.QueryStart.Address, lengths = (int*)batch.SeqLens.Address, slots = (int*)batch.Slots.Address;
    private readonly int sequences = (int)batch.SeqLens.Shape[0], width = (int)batch.Slots.Shape[1], interval = batch.Interval;
    private int sequence, next = -1;

    /// <summary>First row of the run, and the one after its last.</summary>
    public int First { get; private set; }

    public int End { get; private set; }

    /// <summary>Slot of the state before the run; -1 at a sequence's start, where it is zero.</summary>
    public int Past { get; private set; }

    /// <summary>Slot of the state after it.</summary>
    public int Own { get; private set; }

    public bool MoveNext()
    {
        for (; sequence < sequences; sequence++, next = -1)
        {
            if (next < 0) next = starts[sequence];
            if (lengths[sequence] == 0 || next >= starts[sequence + 1]) continue;
            int position = positions[next], within = position % interval;
            int* own = slots + ((long)sequence * width) + (position / interval);
            (First, End) = (next, Math.Min(starts[sequence + 1], next + interval - within));
            (Past, Own) = (position == 0 ? -1 : within == 0 ? own[-1] : own[0], own[0]);
            next = End;
            return true;
        }
        return false;
    }
}
