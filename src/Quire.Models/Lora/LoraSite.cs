using Quire.Tensors;

namespace Quire.Models;

/// <summary>A product that adapters may change, with what each slot's adapter adds to it.</summary>
internal sealed class LoraSite
{
    private PreparedLora?[] bySlot = [];
    private bool isUsed;

    public void Set(int slot, PreparedLora? update)
    {
        if (slot >= bySlot.Length) Array.Resize(ref bySlot, slot + 1);
        bySlot[slot] = update;
        isUsed = bySlot.Any(entry => entry is not null);
    }

    /// <summary>The same as part of the operation that reads the product next.</summary>
    /// <param name="input">The product's.</param>
    public LoraUpdate Update(Tensor input, Tensor slots) => isUsed && !slots.IsEmpty ? new LoraUpdate(input, bySlot, slots) : default;

    /// <summary>Adds the updates of the rows' adapters to what the product wrote.</summary>
    /// <param name="slots">i32 [rows]; empty where no row has an adapter.</param>
    public void Apply(IDevice device, Tensor output, Tensor input, Tensor slots)
    {
        if (isUsed && !slots.IsEmpty) device.Lora(output, input, bySlot, slots);
    }
}
