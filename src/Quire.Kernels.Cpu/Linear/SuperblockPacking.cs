using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>ggml's Q4_K and Q5_K rows as groups of 32 with f32 scales and minima. A superblock of 256 inputs is d and dmin in half precision, 12 bytes
/// of 6-bit scales and minima of its 8 groups, for Q5_K 32 bytes of top bits (bit j of byte i belongs to input i of group j), then 4 runs of 32 bytes:
/// low nibbles are an even group, high nibbles the next.</summary>
internal static unsafe class SuperblockPacking
{
    private const int Groups = 8;
    private const int Q4Bytes = 144;
    private const int Q5Bytes = 176;

    public static void Pack(byte* tile, int column, ReadOnlySpan<byte> row, PackedFormat format)
    {
        bool hasTopBits = format.Codes == CodeType.Bits8;
        int size = hasTopBits ? Q5Bytes : Q4Bytes;
        for (; row.Length > 0; row = row[size..])
        {
            float scale = (float)MemoryMarshal.Read<Half>(row), minimum = (float)MemoryMarshal.Read<Half>(row[2..]);
            ReadOnlySpan<byte> scales = row.Slice(4, 12), tops = hasTopBits ? row.Slice(16, 32) : default, nibbles = row[(size - 128)..size];
            for (int group = 0; group < Groups; group++, tile += format.HeaderBytes + format.CodeBytes)
            {
                (int s, int m) = ScaleAndMinimum(scales, group);
                ((float*)tile)[column] = scale * s;
                ((float*)tile)[Packing.Columns + column] = -(minimum * m);
                byte* codes = tile + format.HeaderBytes;
                for (int k = 0; k < Packing.Group; k++)
                {
                    int code = (nibbles[(group / 2 * 32) + k] >> (group % 2 * 4)) & 15;
                    if (hasTopBits) codes[Packing.ByteOf8(column, k)] = (byte)(code | (((tops[k] >> group) & 1) << 4));
                    else codes[Packing.ByteOf4(column, k)] |= (byte)(code << (k % 8 / 4 * 4));
                }
            }
        }
    }

    // Six bits each: groups 0-3 in the low bits of bytes 0-3 and 4-7, groups 4-7 in nibbles of bytes 8-11 with their upper two bits atop bytes 0-7.
    private static (int Scale, int Minimum) ScaleAndMinimum(ReadOnlySpan<byte> scales, int group) => group < 4
        ? (scales[group] & 63, scales[group + 4] & 63)
        : ((scales[group + 4] & 15) | (scales[group - 4] >> 6 << 4), (scales[group + 4] >> 4) | (scales[group] >> 6 << 4));
}
