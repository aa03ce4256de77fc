using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Where rounded activations lie.</summary>
internal unsafe interface IActivationRows
{
    int Rows { get; }

    /// <summary>Rows that one thread rounds at a time: those that share cache lines.</summary>
    static abstract int RowsPerItem { get; }

    /// <summary>The first group of a row, and the bytes to each next one.</summary>
    byte* Row(int row, out int stride);

    /// <summary>Writes a group.</summary>
    /// <param name="at">The group of <paramref name="row"/>.</param>
    /// <param name="a">The first sixteen codes, whole numbers.</param>
    /// <param name="b">The others.</param>
    void Store<T>(byte* at, int row, T a, T b, float scale) where T : unmanaged, ILanes<T>;
}
