using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>A product of a few rows within one thread: f32 activations, the weight's exact numbers, sums along the inputs in order.</summary>
internal static unsafe class SmallProduct<T>
    where T : unmanaged, ILanes<T>
{
    private const int PanelTiles = 4;
    private const int Piece = 64;

    /// <summary>Floats of scratch that a call needs.</summary>
    public const int ScratchFloats = PanelTiles * Piece * Packing.Columns;

    /// <summary>sums[row][column] = the product, for columns of up to four tiles.</summary>
    /// <param name="firstTile">First of the weight's tiles.</param>
    /// <param name="tiles">At most 4.</param>
    /// <param name="x">[rows][xStride]</param>
    /// <param name="sums">[rows][sumStride], written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(PackedWeight weight, int firstTile, int tiles, float* x, nint xStride, int rows, float* sums, int sumStride, float* scratch)
    {
        for (int row = 0; row < rows; row++) new Span<float>(sums + (row * sumStride), tiles * Packing.Columns).Clear();
        byte* start = (byte*)weight.Address + (firstTile * weight.TileBytes);
        int inputs = (int)weight.InputFeatures;
        if (weight.Format == PackedFormat.F32)
        {
            RowProducts<T>.Multiply(x, xStride, (float*)start, (nint)(weight.TileBytes / sizeof(float)), sums, sumStride, rows, tiles, inputs);
            return;
        }
        for (int k = 0; k < inputs; k += Piece)
        {
            int length = Math.Min(Piece, inputs - k);
            for (int tile = 0; tile < tiles; tile++) Widening<T>.Widen(weight.Format, start + (tile * weight.TileBytes), k, length, scratch + (tile * Piece * Packing.Columns));
            RowProducts<T>.Multiply(x + k, xStride, scratch, Piece * Packing.Columns, sums, sumStride, rows, tiles, length);
        }
    }
}
