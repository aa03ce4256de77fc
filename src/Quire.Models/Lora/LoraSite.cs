using Quire.Tensors;

namespace Quire.Models;

/// <summary>A product that adapters may change, with what each slot's adapter adds to it.</summary>
internal sealed class LoraSite(IDevice device)
{
    private readonly LoraSlots adapters = device.CreateLoraSlots();

    public void Set(int slot, PreparedLora? update) => adapters.Set(slot, update);

    /// <summary>The same as part of the operation that reads the product next.</summary>
    /// <param name="input">The product's.</param>
    public LoraUpdate Update(Tensor input, Tensor slots) => adapters.IsEmpty || slots.IsEmpty ? default : new LoraUpdate(input, adapters, slots);

    /// <summary>Adds the updates of the rows' adapters to what the product wrote.</summary>
    /// <param name="slots">i32 [rows]; empty where no row has an adapter.</param>
    public void Apply(Tensor output, Tensor input, Tensor slots)
    {
        if (!adapters.IsEmpty && !slots.IsEmpty) device.Lora(output, input, adapters, slots);
    }
}
