using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>ggml's Q4_K and Q5_K rows as <see cref="Superblocks"/> with groups of 32. A superblock of 256 inputs is d and dmin in half precision, 12 bytes
/// of 6-bit scales and minima of its 8 groups, for Q5_K 32 bytes of top bits (bit j of byte i belongs to input i of group j), then 4 runs of 32 bytes:
/// low nibbles are an even group, high nibbles the next.</summary>
internal static unsafe class SuperblockPacking
{
    private const int Groups = 8;
    private const int Q4Bytes = 144;
    private const int Q5Bytes = 176;

    public static void Pack(byte* tile, int column, ReadOnlySpan<byte> row, PackedFormat format)
    {
        (int low, int top) = Superblocks.Planes(format.Codes);
        int size = top > 0 ? Q5Bytes : Q4Bytes;
        var layout = new Superblocks.Layout(format);
        for (; row.Length > 0; row = row[size..], tile += layout.Bytes)
        {
            *Superblocks.Scale(tile, column) = MemoryMarshal.Read<ushort>(row);
            *Superblocks.Minimum(tile, column) = MemoryMarshal.Read<ushort>(row[2..]);
            ReadOnlySpan<byte> scales = row.Slice(4, 12), tops = row.Slice(16, 32), nibbles = row[(size - 128)..size];
            for (int group = 0; group < Groups; group++)
            {
                byte* to = layout.GroupScales(tile, group * Packing.Group), codes = layout.Codes(tile, group * Packing.Group);
                (to[column], to[Packing.Columns + column]) = ScaleAndMinimum(scales, group);
                for (int k = 0; k < Packing.Group; k++)
                {
                    Superblocks.Put(codes, low, column, k, (nibbles[(group / 2 * 32) + k] >> (group % 2 * 4)) & 15);
                    if (top > 0) Superblocks.Put(codes + Superblocks.PlaneBytes(low), top, column, k, (tops[k] >> group) & 1);
                }
            }
        }
    }

    // Six bits each: groups 0-3 in the low bits of bytes 0-3 and 4-7, groups 4-7 in nibbles of bytes 8-11 with their upper two bits atop bytes 0-7.
    private static (byte Scale, byte Minimum) ScaleAndMinimum(ReadOnlySpan<byte> scales, int group) => group < 4
        ? ((byte)(scales[group] & 63), (byte)(scales[group + 4] & 63))
        : ((byte)((scales[group + 4] & 15) | (scales[group - 4] >> 6 << 4)), (byte)((scales[group + 4] >> 4) | (scales[group] >> 6 << 4)));
}
