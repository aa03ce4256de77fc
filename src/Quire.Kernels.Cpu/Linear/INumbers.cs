using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The numbers of one kind of packed tile, widened in registers to what <see cref="Widening{T}"/> writes.</summary>
internal unsafe interface INumbers<TSelf, T>
    where TSelf : unmanaged, INumbers<TSelf, T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>Inputs in 64 bytes: 2, 4 or 8.</summary>
    static abstract int Inputs { get; }

    /// <summary>What the inputs under a header share.</summary>
    static abstract TSelf Read(in TileLayout layout, byte* header);

    /// <summary>Sixteen columns of one input.</summary>
    /// <param name="words">The 64 bytes that it lies in.</param>
    /// <param name="input">A constant below <see cref="Inputs"/>.</param>
    T Number(uint* words, int input);
}
