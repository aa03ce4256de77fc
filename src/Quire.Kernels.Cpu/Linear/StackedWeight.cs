using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Weights of the same inputs in different formats, stacked along their outputs.</summary>
internal sealed class StackedWeight(PackedWeight[] parts) : PreparedLinear(parts.Sum(part => part.OutputFeatures), parts[0].InputFeatures)
{
    public IReadOnlyList<PackedWeight> Parts => parts;

    public override long ByteCount => parts.Sum(part => part.ByteCount);

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (PackedWeight part in parts) part.Dispose();
    }
}
