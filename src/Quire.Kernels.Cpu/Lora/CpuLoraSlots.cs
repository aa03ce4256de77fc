using System.Runtime.InteropServices;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>Where updates lie by slot. Rows look here alone, not at objects: of hundreds of adapters' objects for each of a model's products, none would be in a cache.</summary>
internal sealed unsafe class CpuLoraSlots : LoraSlots
{
    private CpuLora?[] updates = [];

    // Pinned: threads read it by address.
    private LoraPlace[] places = [];
    private int used;

    public static CpuLoraSlots Of(LoraSlots slots) => slots as CpuLoraSlots ?? throw new ArgumentException($"a {slots.GetType().Name} was made by another device");

    public override bool IsEmpty => used == 0;

    /// <summary>By slot.</summary>
    public LoraPlace* Places => (LoraPlace*)Marshal.UnsafeAddrOfPinnedArrayElement(places, 0);

    public CpuLora? this[int slot] => updates[slot];

    public override void Set(int slot, PreparedLora? update)
    {
        var own = (CpuLora?)update;
        if (slot >= updates.Length)
        {
            Array.Resize(ref updates, slot + 1);
            LoraPlace[] longer = GC.AllocateArray<LoraPlace>(slot + 1, pinned: true);
            places.CopyTo(longer, 0);
            places = longer;
        }
        used += (own is null ? 0 : 1) - (updates[slot] is null ? 0 : 1);
        updates[slot] = own;
        places[slot] = own?.Place ?? default;
    }
}

/// <param name="header">Null changes nothing.</param>
/// <param name="bytes">From it to the end of what is read for a row.</param>
internal readonly unsafe struct LoraPlace(LoraHeader* header, long bytes)
{
    public readonly LoraHeader* Header = header;
    public readonly long Bytes = bytes;
}
