using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Embedding;

/// <summary>One output feature of a packed weight as a row: the same exact values that the product multiplies with.</summary>
internal static unsafe class EmbeddingRows
{
    // Inputs that have one scale in every format.
    private const int Share = 16;

    public static void Copy(PackedWeight table, int id, float scale, float* row)
    {
        byte* tile = (byte*)table.Address + (id / Packing.Columns * table.TileBytes);
        int column = id % Packing.Columns, inputs = (int)table.InputFeatures;
        for (int k = 0; k < inputs; k += Share)
        {
            Read(table.Format, tile, column, k, Math.Min(Share, inputs - k), row + k);
            for (int i = k; i < Math.Min(inputs, k + Share); i++) row[i] *= scale;
        }
    }

    /// <param name="k">A multiple of <see cref="Share"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Read(PackedFormat format, byte* tile, int column, int k, int count, float* to)
    {
        switch (format.Codes)
        {
            case CodeType.F32:
                for (int i = 0; i < count; i++) to[i] = ((float*)tile)[((k + i) * Packing.Columns) + column];
                return;
            case CodeType.BF16:
                for (int i = 0; i < count; i++) to[i] = BitConverter.UInt32BitsToSingle((uint)Pair(tile, column, k + i) << 16);
                return;
            case CodeType.F16:
                for (int i = 0; i < count; i++) to[i] = (float)BitConverter.UInt16BitsToHalf(Pair(tile, column, k + i));
                return;
        }
        if (format.IsSuperblocks)
        {
            for (int i = 0; i < count; i++) to[i] = Superblocks.Element(format, tile, column, k + i);
            return;
        }
        (int header, int inHeader) = Math.DivRem(k, format.HeaderInputs);
        byte* at = tile + ((long)header * (format.HeaderBytes + (format.HeaderInputs / Packing.Group * format.CodeBytes)));
        byte* codes = at + format.HeaderBytes + (inHeader / Packing.Group * format.CodeBytes);
        // The second group of a pair has the second vector of scales.
        int lane = column + (inHeader / format.GroupSize * Packing.Columns);
        float scale = Scale(format.ScaleType, at, lane);
        for (int i = 0; i < count; i++)
        {
            int code = Code(format, codes, column, (k + i) % Packing.Group);
            to[i] = format.Codes switch
            {
                CodeType.Levels4 => scale * ((float*)format.Levels)[code],
                CodeType.Float8 => scale * Float8.WidenE4M3((byte)code),
                _ => format.Offset switch
                {
                    OffsetType.Minimum => MathF.FusedMultiplyAdd(scale, code, Scale(format.ScaleType, at + format.OffsetStart, lane)),
                    OffsetType.Zero => scale * (code - at[format.OffsetStart + lane]),
                    _ => scale * (code - format.Middle),
                },
            };
        }
    }

    private static int Code(PackedFormat format, byte* codes, int column, int inGroup)
    {
        if (!format.HasNibbles) return codes[Packing.ByteOf8(column, inGroup)];
        (int index, int shift) = Packing.Nibble(format.ByColumn, column, inGroup);
        return (codes[index] >> shift) & 15;
    }

    private static ushort Pair(byte* tile, int column, int k) => ((ushort*)tile)[(k / 2 * 2 * Packing.Columns) + (column * 2) + (k & 1)];

    private static float Scale(DType type, byte* scales, int column) => type switch
    {
        DType.F16 => (float)BitConverter.UInt16BitsToHalf(((ushort*)scales)[column]),
        DType.BF16 => BitConverter.UInt32BitsToSingle((uint)((ushort*)scales)[column] << 16),
        _ => ((float*)scales)[column],
    };
}
