using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>Where updates lie by slot. Rows of products look here alone, not at objects: of hundreds of adapters' objects for each of a model's products, none would be in a cache.</summary>
internal sealed unsafe class CpuLoraSlots : LoraSlots
{
    private CpuLora?[] updates = [];

    // Pinned: threads read it by address.
    private nint[] headers = [];
    private int used;

    public static CpuLoraSlots Of(LoraSlots slots) => slots as CpuLoraSlots ?? throw new ArgumentException($"a {slots.GetType().Name} was made by another device");

    public override bool IsEmpty => used == 0;

    /// <summary>By slot; null changes nothing.</summary>
    public LoraHeader** Headers => (LoraHeader**)Marshal.UnsafeAddrOfPinnedArrayElement(headers, 0);

    /// <summary>Slots of the table.</summary>
    public int Count => headers.Length;

    public CpuLora? this[int slot] => updates[slot];

    public override void Set(int slot, PreparedLora? update)
    {
        CpuLora? own = update is null ? null : update as CpuLora ?? throw new ArgumentException($"a {update.GetType().Name} was prepared by another device");
        if (slot >= updates.Length)
        {
            int length = Math.Max(slot + 1, 2 * updates.Length);
            Array.Resize(ref updates, length);
            nint[] longer = GC.AllocateArray<nint>(length, pinned: true);
            headers.CopyTo(longer, 0);
            headers = longer;
        }
        used += (own is null ? 0 : 1) - (updates[slot] is null ? 0 : 1);
        updates[slot] = own;
        headers[slot] = own is null ? 0 : (nint)own.Header;
    }
}
