using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>Where updates lie by slot. Rows look here alone, not at objects: of hundreds of adapters' objects for each of a model's products, none would be in a cache.</summary>
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

    public CpuLora? this[int slot] => updates[slot];

    public override void Set(int slot, PreparedLora? update)
    {
        var own = (CpuLora?)update;
        if (slot >= updates.Length)
        {
            Array.Resize(ref updates, slot + 1);
            nint[] longer = GC.AllocateArray<nint>(slot + 1, pinned: true);
            headers.CopyTo(longer, 0);
            headers = longer;
        }
        used += (own is null ? 0 : 1) - (updates[slot] is null ? 0 : 1);
        updates[slot] = own;
        headers[slot] = own is null ? 0 : (nint)own.Header;
    }
}
