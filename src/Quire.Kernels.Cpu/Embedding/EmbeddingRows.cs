using Quire.Kernels.Cpu.Linear;

namespace Quire.Kernels.Cpu.Embedding;

/// <summary>One output feature of a packed weight as a row: the same exact values that the product multiplies with.</summary>
internal static unsafe class EmbeddingRows
{
    public static void Copy(PackedWeight table, int id, float scale, float* row)
    {
        byte* tile = (byte*)table.Address + (id / Packing.Columns * table.TileBytes);
        int column = id % Packing.Columns, inputs = (int)table.InputFeatures;
        for (int k = 0; k < inputs; k++) row[k] = Element(table.Format, tile, column, k) * scale;
    }

    private static float Element(PackedFormat format, byte* tile, int column, int k)
    {
        switch (format)
        {
            case PackedFormat.F32: return ((float*)tile)[(k * Packing.Columns) + column];
            case PackedFormat.BF16: return BitConverter.UInt32BitsToSingle((uint)Pair(tile, column, k) << 16);
            case PackedFormat.F16: return (float)BitConverter.UInt16BitsToHalf(Pair(tile, column, k));
            case PackedFormat.Int4:
                byte* four = tile + (k / Packing.Group * Packing.Int4GroupBytes);
                int nibbles = four[(4 * Packing.Columns) + (k % Packing.Group / 2 * Packing.Columns) + column];
                return MathF.FusedMultiplyAdd(Half((ushort*)four, column), (k & 1) == 0 ? nibbles & 15 : nibbles >> 4, Half((ushort*)four, Packing.Columns + column));
            default:
                byte* eight = tile + (k / Packing.Group * Packing.Int8GroupBytes);
                return Half((ushort*)eight, column) * (sbyte)eight[(2 * Packing.Columns) + (k % Packing.Group * Packing.Columns) + column];
        }
    }

    private static ushort Pair(byte* tile, int column, int k) => ((ushort*)tile)[(k / 2 * 2 * Packing.Columns) + (column * 2) + (k & 1)];

    private static float Half(ushort* scales, int index) => (float)BitConverter.UInt16BitsToHalf(scales[index]);
}
