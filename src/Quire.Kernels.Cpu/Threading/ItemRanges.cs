using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Threading;

/// <summary>A region's items in one run for each worker, claimed one by one: a worker goes through its own, so that what it reads lies in one piece and no other asks for its counter,
/// and then takes what is left of the others'.</summary>
internal sealed class ItemRanges(int workers)
{
    // The region in the upper half, items claimed in it below: a counter of an earlier region counts as none claimed, and nobody has to set it back.
    private readonly Counter[] claimed = new Counter[workers];
    private int items;
    private uint region;

    /// <summary>A new region. No worker claims meanwhile.</summary>
    public void Begin(int count)
    {
        items = count;
        region++;
    }

    /// <param name="owner">The worker whose run is looked at: at first the caller itself, then whose the last item was. Moved on.</param>
    /// <returns>An item that no other worker has; -1 where none is left.</returns>
    public int Claim(int worker, ref int owner)
    {
        do
        {
            int first = First(owner), count = First(owner + 1) - first;
            ref long counter = ref claimed[owner].Value;
            while (true)
            {
                long seen = Volatile.Read(ref counter);
                uint taken = (uint)(seen >>> 32) == region ? (uint)seen : 0;
                if (taken >= count) break;
                if (Interlocked.CompareExchange(ref counter, ((long)region << 32) | (taken + 1), seen) == seen) return first + (int)taken;
            }
            owner = owner + 1 == claimed.Length ? 0 : owner + 1;
        }
        while (owner != worker);
        return -1;
    }

    private int First(int worker) => (int)((long)items * worker / claimed.Length);

    /// <summary>Two cache lines, since neighbours are fetched in pairs.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Counter
    {
        [FieldOffset(64)]
        public long Value;
    }
}
