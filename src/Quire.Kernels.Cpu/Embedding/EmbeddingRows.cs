using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Element(PackedFormat format, byte* tile, int column, int k)
    {
        switch (format.Codes)
        {
            case CodeType.F32: return ((float*)tile)[(k * Packing.Columns) + column];
            case CodeType.BF16: return BitConverter.UInt32BitsToSingle((uint)Pair(tile, column, k) << 16);
            case CodeType.F16: return (float)BitConverter.UInt16BitsToHalf(Pair(tile, column, k));
        }
        if (format.IsSuperblocks) return Superblocks.Element(format, tile, column, k);
        long header = k / format.HeaderInputs;
        byte* at = tile + (header * format.HeaderBytes) + (header * (format.HeaderInputs / Packing.Group) * format.CodeBytes);
        byte* codes = at + format.HeaderBytes + (k % format.HeaderInputs / Packing.Group * format.CodeBytes);
        int inGroup = k % Packing.Group;
        int code;
        if (format.HasNibbles)
        {
            (int index, int shift) = Packing.Nibble(format.ByColumn, column, inGroup);
            code = (codes[index] >> shift) & 15;
        }
        else
        {
            code = codes[Packing.ByteOf8(column, inGroup)];
        }
        // The second group of a pair has the second vector of scales.
        int lane = column + (k % format.HeaderInputs / format.GroupSize * Packing.Columns);
        float scale = Scale(format.ScaleType, at, lane);
        if (format.Codes == CodeType.Levels4) return scale * ((float*)format.Levels)[code];
        if (format.Codes == CodeType.Float8) return scale * Float8.WidenE4M3((byte)code);
        return format.Offset switch
        {
            OffsetType.Minimum => MathF.FusedMultiplyAdd(scale, code, Scale(format.ScaleType, at + format.OffsetStart, lane)),
            OffsetType.Zero => scale * (code - at[format.OffsetStart + lane]),
            _ => scale * (code - format.Middle),
        };
    }

    private static ushort Pair(byte* tile, int column, int k) => ((ushort*)tile)[(k / 2 * 2 * Packing.Columns) + (column * 2) + (k & 1)];

    private static float Scale(DType type, byte* scales, int column) => type switch
    {
        DType.F16 => (float)BitConverter.UInt16BitsToHalf(((ushort*)scales)[column]),
        DType.BF16 => BitConverter.UInt32BitsToSingle((uint)((ushort*)scales)[column] << 16),
        _ => ((float*)scales)[column],
    };
}
