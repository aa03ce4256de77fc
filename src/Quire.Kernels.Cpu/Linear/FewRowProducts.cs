using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>The f32 product of a few rows: numbers are widened in registers and used at once, where many rows would share them widened in memory. The bits are the same, one chain of multiply-adds along k for each element.</summary>
internal static unsafe class FewRowProducts<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>More rows than these are faster with weights widened once for all of them.</summary>
    public static int MaxRows => T.TileColumns == 4 ? 12 : 8;

    /// <summary>Pairs of 16 bits, and nibbles and bytes that share a scale in groups of 32 or more.</summary>
    public static bool Has(PackedFormat format) => format.Codes switch
    {
        CodeType.BF16 or CodeType.F16 => true,
        CodeType.Levels4 or CodeType.Float8 => !format.ByColumn && format.GroupSize >= Packing.Group,
        _ => !format.ByColumn && format.GroupSize >= Packing.Group && format.IsAffine,
    };

    /// <summary>sums[row][16 tile + lane] += rows times a panel.</summary>
    /// <param name="panel">Start of the panel's first tile.</param>
    /// <param name="tileBytes">Bytes between tiles.</param>
    /// <param name="stride">Elements between rows of a.</param>
    /// <param name="sumStride">Elements between rows of sums.</param>
    /// <param name="wide">Scratch for a group of 32 inputs, f32 [32][16].</param>
    public static void Multiply(PackedFormat format, byte* panel, nint tileBytes, int tiles, float* a, nint stride, float* sums, nint sumStride, int rows, int inputs, float* wide)
    {
        switch (format.Codes)
        {
            case CodeType.BF16: Multiply<BFloatPairNumbers<T>>(format, panel, tileBytes, tiles, a, stride, sums, sumStride, rows, inputs); break;
            case CodeType.F16: Multiply<HalfPairNumbers<T>>(format, panel, tileBytes, tiles, a, stride, sums, sumStride, rows, inputs); break;
            case CodeType.Bits4: Multiply<AffineNibbles<T>>(format, panel, tileBytes, tiles, a, stride, sums, sumStride, rows, inputs); break;
            case CodeType.Bits8: Multiply<AffineBytes<T>>(format, panel, tileBytes, tiles, a, stride, sums, sumStride, rows, inputs); break;
            case CodeType.Levels4: Multiply<LevelNibbles<T>>(format, panel, tileBytes, tiles, a, stride, sums, sumStride, rows, inputs); break;
            case CodeType.Float8: Multiply<Float8Bytes<T>>(format, panel, tileBytes, tiles, a, stride, sums, sumStride, rows, inputs); break;
            default: throw new ArgumentOutOfRangeException(nameof(format));
        }
        int whole = inputs / Packing.Group * Packing.Group, rest = inputs - whole;
        for (int tile = 0; tile < tiles && rest > 0; tile++)
        {
            Widening<T>.Widen(format, panel + (tile * tileBytes), whole, rest, wide);
            RowProducts<T>.Multiply(a + whole, stride, wide, Packing.Group * Packing.Columns, sums + (tile * Packing.Columns), sumStride, rows, 1, rest);
        }
    }

    private static void Multiply<TNumbers>(PackedFormat format, byte* panel, nint tileBytes, int tiles, float* a, nint stride, float* sums, nint sumStride, int rows, int inputs)
        where TNumbers : unmanaged, INumbers<TNumbers, T>
    {
        var layout = new TileLayout(format, inputs / Packing.Group);
        if (rows == 1)
        {
            for (; tiles >= 4 && T.TileColumns == 4; tiles -= 4, panel += 4 * tileBytes, sums += 4 * Packing.Columns) FewRowTiles<T>.Rows1Tiles4<TNumbers>(layout, panel, tileBytes, a, sums);
            for (; tiles >= 2; tiles -= 2, panel += 2 * tileBytes, sums += 2 * Packing.Columns) FewRowTiles<T>.Rows1Tiles2<TNumbers>(layout, panel, tileBytes, a, sums);
        }
        for (; tiles > 0; tiles--, panel += tileBytes, sums += Packing.Columns)
        {
            int row = 0;
            // Eight rows' sums fit beside the operands where four tiles' sums of six rows do.
            for (; row + 8 <= rows && T.TileColumns == 4; row += 8) FewRowTiles<T>.Rows8Tiles1<TNumbers>(layout, panel, a + (row * stride), stride, sums + (row * sumStride), sumStride);
            for (; row + 4 <= rows; row += 4) FewRowTiles<T>.Rows4Tiles1<TNumbers>(layout, panel, a + (row * stride), stride, sums + (row * sumStride), sumStride);
            if (row + 2 <= rows)
            {
                FewRowTiles<T>.Rows2Tiles1<TNumbers>(layout, panel, a + (row * stride), stride, sums + (row * sumStride), sumStride);
                row += 2;
            }
            if (row < rows) FewRowTiles<T>.Rows1Tiles1<TNumbers>(layout, panel, a + (row * stride), sums + (row * sumStride));
        }
    }
}
