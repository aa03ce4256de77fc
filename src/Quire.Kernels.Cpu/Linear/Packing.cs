using System.Runtime.InteropServices;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Turns a checkpoint's rows into tiles of 16 output features. Rows beyond the last are zero.</summary>
internal static unsafe class Packing
{
    public const int Columns = 16;
    public const int Group = 32;
    public const int Int4GroupBytes = (2 * Columns * 2) + (Group / 2 * Columns);
    public const int Int8GroupBytes = (Columns * 2) + (Group * Columns);

    public static long TileBytes(PackedFormat format, long inputs) => format switch
    {
        PackedFormat.F32 => inputs * Columns * 4,
        PackedFormat.BF16 or PackedFormat.F16 => (inputs + 1) / 2 * Columns * 4,
        PackedFormat.Int4 => inputs / Group * Int4GroupBytes,
        PackedFormat.Int8 => inputs / Group * Int8GroupBytes,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>The format that keeps a weight's exact values in the fewest bytes, or rounds formats without a kernel to <paramref name="fallback"/>.</summary>
    public static PackedFormat Choose(WeightFormat stored, long inputs, PackedFormat fallback) => stored switch
    {
        WeightFormat.F32 => fallback == PackedFormat.BF16 ? PackedFormat.BF16 : PackedFormat.F32,
        WeightFormat.BF16 => PackedFormat.BF16,
        WeightFormat.F16 => PackedFormat.F16,
        WeightFormat.Q4_0 or WeightFormat.Q4_1 when inputs % Group == 0 => PackedFormat.Int4,
        WeightFormat.Q8_0 when inputs % Group == 0 => PackedFormat.Int8,
        _ => fallback,
    };

    public static PackedWeight Pack(ComputePool pool, IWeightRows rows, PackedFormat fallback)
    {
        long outputs = rows.Shape[0], inputs = rows.Shape[1];
        PackedFormat format = Choose(rows.Format, inputs, fallback);
        long tileBytes = TileBytes(format, inputs);
        var memory = new NativeBuffer((outputs + Columns - 1) / Columns * tileBytes);
        var weight = new PackedWeight(format, outputs, inputs, memory);
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
            float[] values = new float[rows.Shape[1]];
            for (int column = 0; column < count; column++)
            {
                switch (weight.Format)
                {
                    case PackedFormat.F32:
                        rows.Read(first + column, values);
                        for (int k = 0; k < values.Length; k++) ((float*)tile)[(k * Columns) + column] = values[k];
                        break;
                    case PackedFormat.BF16:
                        rows.Read(first + column, values);
                        for (int k = 0; k < values.Length; k++) PairSlot(tile, column, k) = RoundToBf16(values[k]);
                        break;
                    case PackedFormat.F16:
                        ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(rows.Raw(first + column));
                        for (int k = 0; k < halves.Length; k++) PairSlot(tile, column, k) = halves[k];
                        break;
                    case PackedFormat.Int4:
                        PackInt4(tile, column, rows.Raw(first + column), rows.Format == WeightFormat.Q4_1);
                        break;
                    case PackedFormat.Int8:
                        PackInt8(tile, column, rows.Raw(first + column));
                        break;
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

    private static ref ushort PairSlot(byte* tile, int column, int k) => ref ((ushort*)tile)[(k / 2 * 2 * Columns) + (column * 2) + (k & 1)];

    // ggml: element i of a block is the low nibble of byte i, element i + 16 the high one.
    private static void PackInt4(byte* tile, int column, ReadOnlySpan<byte> blocks, bool hasMinimum)
    {
        int blockBytes = hasMinimum ? 20 : 18;
        for (int g = 0; g * blockBytes < blocks.Length; g++, tile += Int4GroupBytes)
        {
            ReadOnlySpan<byte> block = blocks.Slice(g * blockBytes, blockBytes);
            ushort* scales = (ushort*)tile;
            ushort scale = MemoryMarshal.Read<ushort>(block);
            scales[column] = scale;
            // -8 * scale only moves the exponent; halves near the top of the range would overflow and no real file has them.
            scales[Columns + column] = hasMinimum
                ? MemoryMarshal.Read<ushort>(block[2..])
                : BitConverter.HalfToUInt16Bits((Half)(-8f * (float)BitConverter.UInt16BitsToHalf(scale)));
            ReadOnlySpan<byte> nibbles = block[(blockBytes - 16)..];
            byte* bytes = tile + (4 * Columns);
            for (int k = 0; k < Group; k += 2)
            {
                int even = k < 16 ? nibbles[k] & 15 : nibbles[k - 16] >> 4;
                int odd = k + 1 < 16 ? nibbles[k + 1] & 15 : nibbles[k - 15] >> 4;
                bytes[(k / 2 * Columns) + column] = (byte)(even | (odd << 4));
            }
        }
    }

    private static void PackInt8(byte* tile, int column, ReadOnlySpan<byte> blocks)
    {
        const int blockBytes = 34;
        for (int g = 0; g * blockBytes < blocks.Length; g++, tile += Int8GroupBytes)
        {
            ReadOnlySpan<byte> block = blocks.Slice(g * blockBytes, blockBytes);
            ((ushort*)tile)[column] = MemoryMarshal.Read<ushort>(block);
            byte* bytes = tile + (2 * Columns);
            for (int k = 0; k < Group; k++) bytes[(k * Columns) + column] = block[2 + k];
        }
    }
}
