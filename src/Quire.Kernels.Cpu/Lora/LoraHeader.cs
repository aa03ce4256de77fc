using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>How an adapter's update of one product is read: its parts stand behind this, then all A stacked as one small matrix, then a B for each part. A row of an adapter of its own
/// finds none of this in a cache, so all that a product needs but a bias lies in one piece, in the order of reading, and what is fetched ahead is what comes next.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LoraHeader
{
    /// <summary>[sum of ranks, inputs]; no ranks where no part is low-rank, and for tables.</summary>
    public ShrinkRows Shrink;

    /// <summary>f32 [outputs], added; null adds nothing.</summary>
    public float* Bias;

    /// <summary>How many, in the order of their ranks in <see cref="Shrink"/>.</summary>
    public int Parts;

    public static LoraPlacedPart* PartsOf(LoraHeader* header) => (LoraPlacedPart*)(header + 1);

    /// <summary>Of a header and its parts: whole cache lines.</summary>
    public static int Bytes(int parts) => (sizeof(LoraHeader) + (parts * sizeof(LoraPlacedPart)) + 63) / 64 * 64;
}

/// <param name="Expand">[outputs, rank], or [outputs, inputs] of a part that is not low-rank.</param>
/// <param name="FirstRank">Its first column of the shrunk rows; -1 reads the input itself.</param>
/// <param name="FirstOutput">Its first column of the output.</param>
internal readonly record struct LoraPlacedPart(ExpandTiles Expand, int FirstRank, int FirstOutput);
