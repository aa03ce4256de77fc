using Quire.Kernels.Cpu.Linear;

namespace Quire.Kernels.Cpu.Simd;

/// <summary>Dot products of int8 numbers over sixteen lanes. They are exact, so every instruction that does them gives the same bits.</summary>
/// <typeparam name="T">The lanes that hold the results.</typeparam>
internal unsafe interface IDots<T>
    where T : unmanaged
{
    /// <summary>The instructions, for those who measure them.</summary>
    static abstract Int8Instructions Instructions { get; }

    /// <summary>Sums over 32 inputs a group: lane c = sum over groups g, quads q and i of (codes[512 g + 64 q + 4 c + i] - middle) * activations[4 q + i of group g].</summary>
    /// <param name="codes">[groups][8 quads][16 columns][4]</param>
    /// <param name="activations">[groups][rows]</param>
    /// <param name="groups">At most <see cref="PackedFormat.MaxRunGroups"/>: f32 holds the sums.</param>
    /// <param name="rows">At most <see cref="ActivationRows.MaxBlockRows"/>.</param>
    /// <param name="areNibbles">Every code is below 16.</param>
    /// <param name="middle">0, 8 or 128.</param>
    /// <param name="dots">[rows], written.</param>
    static abstract void Dot(byte* codes, ActivationGroup* activations, int groups, int rows, bool areNibbles, int middle, T* dots);

    /// <summary>The same of one row and one group of nibbles as they are packed: byte 4 c + i of the 64 at 64 j holds code i of quad 2 j in its low nibble, of quad 2 j + 1 in its high one.</summary>
    /// <param name="middle">0 or 8.</param>
    static abstract T DotNibbles(byte* codes, ActivationGroup* activations, int middle);

    /// <summary>The same of bytes around 128 and half a group: quads 4 * half .. 4 * half + 3.</summary>
    /// <param name="codes">[4 quads][16 columns][4]</param>
    static abstract void DotHalf(byte* codes, ActivationGroup* activations, int half, int rows, T* dots);
}
