using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Matrices of heads.</summary>
internal sealed class PackedHeads(IReadOnlyList<PackedWeight> weights) : PreparedHeads
{
    public IReadOnlyList<PackedWeight> Weights => weights;

    public override int Count => weights.Count;

    public override long ByteCount => weights.Sum(weight => weight.ByteCount);

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (PackedWeight weight in weights) weight.Dispose();
    }
}
