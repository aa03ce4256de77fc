using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Turns a checkpoint's rows into tiles of 16 output features. Rows beyond the last are zero.</summary>
internal static unsafe class Packing
{
    public const int Columns = 16;
    public const int Group = 32;

    /// <summary>Bytes of a column's nibbles of a group, where they lie by column.</summary>
    public const int ColumnBytes = Group / 2;

    /// <summary>The format that keeps a weight's exact values, or rounds formats without a kernel to <paramref name="fallback"/>. Of codes see <see cref="CodePacking"/>.</summary>
    private static PackedFormat Choose(WeightFormat stored, PackedFormat fallback) => stored switch
    {
        WeightFormat.F32 => fallback,
        WeightFormat.ExactF32 => PackedFormat.F32,
        WeightFormat.BF16 => PackedFormat.BF16,
        WeightFormat.F16 => PackedFormat.F16,
        WeightFormat.Q4_0 => new PackedFormat(CodeType.Bits4, Group),
        WeightFormat.Q4_1 => new PackedFormat(CodeType.Bits4, Group, DType.F16, OffsetType.Minimum),
        WeightFormat.Q5_1 => new PackedFormat(CodeType.Bits8, Group, DType.F16, OffsetType.Minimum),
        WeightFormat.Q8_0 => new PackedFormat(CodeType.Bits8, Group),
        WeightFormat.Q4_K => new PackedFormat(CodeType.Super4, Group, DType.F16, OffsetType.Minimum),
        WeightFormat.Q5_K => new PackedFormat(CodeType.Bits5, Group, DType.F16, OffsetType.Minimum),
        WeightFormat.Q2_K => new PackedFormat(CodeType.Bits2, Superblocks.Group, DType.F16, OffsetType.Minimum),
        WeightFormat.Q3_K => new PackedFormat(CodeType.Bits3, Superblocks.Group),
        WeightFormat.Q6_K => new PackedFormat(CodeType.Bits6, Superblocks.Group),
        _ => fallback,
    };

    /// <param name="layout">Chooses how codes lie.</param>
    public static PackedWeight Pack(ComputePool pool, IWeightRows rows, PackedFormat fallback, Func<PackedFormat, ActivationScheme?, PackedFormat>? layout = null)
    {
        ActivationScheme? scheme = rows.Coding?.Activations;
        layout ??= (format, _) => format;
        PackedWeight weight = rows.Coding is { } coding && CodePacking.CanPack(coding, rows.Shape[1])
            ? CodePacking.Allocate(coding, rows.Shape[0], rows.Shape[1], layout)
            : new PackedWeight(layout(Choose(rows.Format, fallback), scheme), rows.Shape[0], rows.Shape[1]) { Scheme = scheme };
        var job = new PackJob(rows, weight);
        pool.Run(ref job, weight.Tiles);
        return weight;
    }

    private readonly struct PackJob(IWeightRows rows, PackedWeight weight) : IJob
    {
        public void Run(int item, int worker)
        {
            long first = (long)item * Columns;
            int count = (int)Math.Min(Columns, rows.Shape[0] - first);
            byte* tile = (byte*)weight.Address + (item * weight.TileBytes);
            if (weight.Format.IsCoded && rows.Coding is not null)
            {
                CodePacking.Pack(tile, rows, first, count, weight.Format);
                return;
            }
            if (weight.Format.Codes == CodeType.F16 || (weight.Format.Codes == CodeType.BF16 && rows.Format == WeightFormat.BF16))
            {
                PackPairs(tile, first, count);
                return;
            }
            float[] values = weight.Format.IsCoded ? [] : new float[rows.Shape[1]];
            for (int column = 0; column < count; column++)
            {
                switch (weight.Format.Codes)
                {
                    case CodeType.F32:
                        rows.Read(first + column, values);
                        for (int k = 0; k < values.Length; k++) ((float*)tile)[(k * Columns) + column] = values[k];
                        break;
                    case CodeType.BF16:
                        rows.Read(first + column, values);
                        for (int k = 0; k < values.Length; k++) ((ushort*)tile)[PairSlot(column, k)] = RoundToBf16(values[k]);
                        break;
                    case CodeType.Super4 or CodeType.Bits5:
                        SuperblockPacking.Pack(tile, column, rows.Raw(first + column), weight.Format);
                        break;
                    case CodeType.Bits2 or CodeType.Bits3 or CodeType.Bits6:
                        PlanePacking.Pack(tile, column, rows.Raw(first + column), weight.Format);
                        break;
                    case CodeType.Bits4:
                        PackBlocks4(tile, column, rows.Raw(first + column), weight.Format);
                        break;
                    case CodeType.Bits8 when rows.Format == WeightFormat.Q5_1:
                        PackBlocks5(tile, column, rows.Raw(first + column), weight.Format);
                        break;
                    case CodeType.Bits8:
                        PackBlocks8(tile, column, rows.Raw(first + column), weight.Format);
                        break;
                }
            }
        }

        // All columns of a piece before the next piece: its 16 KB of the tile stay in the nearest cache while their lines are filled.
        private void PackPairs(byte* tile, long first, int count)
        {
            const int piece = 256;
            int inputs = (int)rows.Shape[1];
            for (int start = 0; start < inputs; start += piece)
            {
                int end = Math.Min(inputs, start + piece);
                for (int column = 0; column < count; column++)
                {
                    fixed (byte* bytes = rows.Raw(first + column))
                    {
                        ushort* row = (ushort*)bytes;
                        uint* to = (uint*)tile + (start / 2 * Columns) + column;
                        int k = start;
                        for (; k + 2 <= end; k += 2, to += Columns) *to = Unsafe.ReadUnaligned<uint>(row + k);
                        if (k < end) *to = row[k];
                    }
                }
            }
        }
    }

    internal static ushort RoundToBf16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private static int PairSlot(int column, int k) => (k / 2 * 2 * Columns) + (column * 2) + (k & 1);

    /// <summary>Byte and lowest bit of input k of a column in a group of 4-bit codes.</summary>
    internal static (int Byte, int Shift) Nibble(bool byColumn, int column, int k) => byColumn
        ? ((column * ColumnBytes) + (k % 8 * 2) + (k / 16), k / 8 % 2 * 4)
        : ((k / 8 * 64) + (column * 4) + (k % 4), k % 8 / 4 * 4);

    /// <summary>Byte of input k of a column in a group of 8-bit codes.</summary>
    internal static int ByteOf8(int column, int k) => (k / 4 * 64) + (column * 4) + (k % 4);

    // ggml: element i of a block is the low nibble of byte i, element i + 16 the high one.
    private static void PackBlocks4(byte* tile, int column, ReadOnlySpan<byte> blocks, PackedFormat format)
    {
        bool hasMinimum = format.Offset == OffsetType.Minimum;
        int blockBytes = hasMinimum ? 20 : 18;
        for (; blocks.Length > 0; blocks = blocks[blockBytes..], tile += format.HeaderBytes + format.CodeBytes)
        {
            ((ushort*)tile)[column] = MemoryMarshal.Read<ushort>(blocks);
            if (hasMinimum) ((ushort*)tile)[Columns + column] = MemoryMarshal.Read<ushort>(blocks[2..]);
            ReadOnlySpan<byte> nibbles = blocks[(blockBytes - 16)..blockBytes];
            byte* codes = tile + format.HeaderBytes;
            if (format.ByColumn) PackColumn(nibbles, codes + (column * ColumnBytes));
            else PackQuads(nibbles, (uint*)codes + column);
        }
    }

    // Word i: elements i and i + 8 in its low byte, i + 16 and i + 24 in its high one.
    private static void PackColumn(ReadOnlySpan<byte> nibbles, byte* to)
    {
        for (int i = 0; i < 8; i++)
        {
            int first = nibbles[i], second = nibbles[i + 8];
            to[2 * i] = (byte)((first & 15) | (second << 4));
            to[(2 * i) + 1] = (byte)((first >> 4) | (second & 0xf0));
        }
    }

    // Four elements in the low nibbles of a word, the next four in the high ones.
    private static void PackQuads(ReadOnlySpan<byte> nibbles, uint* to)
    {
        const uint low = 0x0f0f0f0f;
        for (int half = 0; half < 2; half++)
        {
            uint first = MemoryMarshal.Read<uint>(nibbles[(8 * half)..]), second = MemoryMarshal.Read<uint>(nibbles[((8 * half) + 4)..]);
            to[half * Columns] = (first & low) | ((second & low) << 4);
            to[(half + 2) * Columns] = ((first >> 4) & low) | (second & ~low);
        }
    }

    // As nibbles, with a word of fifth bits before them: they are kept as bytes.
    private static void PackBlocks5(byte* tile, int column, ReadOnlySpan<byte> blocks, PackedFormat format)
    {
        const int blockBytes = 24;
        for (; blocks.Length > 0; blocks = blocks[blockBytes..], tile += format.HeaderBytes + format.CodeBytes)
        {
            ((ushort*)tile)[column] = MemoryMarshal.Read<ushort>(blocks);
            ((ushort*)tile)[Columns + column] = MemoryMarshal.Read<ushort>(blocks[2..]);
            uint fifth = MemoryMarshal.Read<uint>(blocks[4..]);
            byte* codes = tile + format.HeaderBytes;
            for (int k = 0; k < Group; k++)
                codes[ByteOf8(column, k)] = (byte)(((blocks[8 + (k % 16)] >> (k / 16 * 4)) & 15) | (int)((fifth >> k & 1) << 4));
        }
    }

    private static void PackBlocks8(byte* tile, int column, ReadOnlySpan<byte> blocks, PackedFormat format)
    {
        const int blockBytes = 34;
        for (; blocks.Length > 0; blocks = blocks[blockBytes..], tile += format.HeaderBytes + format.CodeBytes)
        {
            ((ushort*)tile)[column] = MemoryMarshal.Read<ushort>(blocks);
            byte* codes = tile + format.HeaderBytes;
            for (int k = 0; k < Group; k++) codes[ByteOf8(column, k)] = (byte)(blocks[2 + k] ^ 0x80);
        }
    }
}
