using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>ggml's Q2_K, Q3_K and Q6_K rows as <see cref="Superblocks"/>.</summary>
/// <remarks>Low bits: of 2-bit codes byte 32 h + i holds inputs 128 h + i, + 32, + 64 and + 96; of Q6_K byte 64 h + i (i below 64) holds inputs 128 h + i and + 64. Top bits: of Q3_K bit j of byte i belongs to
/// input 32 j + i; of Q6_K pair j of byte 32 h + i to input 128 h + 32 j + i.</remarks>
internal static unsafe class PlanePacking
{
    private const int Q2Bytes = 84, Q3Bytes = 110, Q6Bytes = 210;

    public static void Pack(byte* tile, int column, ReadOnlySpan<byte> row, PackedFormat format)
    {
        int size = format.Codes switch { CodeType.Bits2 => Q2Bytes, CodeType.Bits3 => Q3Bytes, _ => Q6Bytes };
        (int low, int top) = Superblocks.Planes(format.Codes);
        var layout = new Superblocks.Layout(format);
        for (; row.Length > 0; row = row[size..], tile += layout.Bytes)
        {
            *Superblocks.Scale(tile, column) = MemoryMarshal.Read<ushort>(row[(format.Codes == CodeType.Bits2 ? 80 : size - 2)..]);
            if (format.Offset == OffsetType.Minimum) *Superblocks.Minimum(tile, column) = MemoryMarshal.Read<ushort>(row[82..]);
            for (int group = 0; group < Superblocks.Inputs / Superblocks.Group; group++)
                *layout.GroupScale(tile, column, group * Superblocks.Group) = GroupScale(row, format.Codes, group);
            for (int k = 0; k < Superblocks.Inputs; k++)
            {
                byte* codes = layout.Codes(tile, k);
                int half = k / 128, i = k % 32, quarter = k % 128 / 32;
                switch (format.Codes)
                {
                    case CodeType.Bits2:
                        Superblocks.Put(codes, low, column, i, (row[16 + (half * 32) + i] >> (quarter * 2)) & 3);
                        break;
                    case CodeType.Bits3:
                        Superblocks.Put(codes, low, column, i, (row[32 + (half * 32) + i] >> (quarter * 2)) & 3);
                        Superblocks.Put(codes + Superblocks.PlaneBytes(low), top, column, i, (row[i] >> (k / 32)) & 1);
                        break;
                    default:
                        Superblocks.Put(codes, low, column, i, (row[(half * 64) + (k % 64)] >> (quarter / 2 * 4)) & 15);
                        Superblocks.Put(codes + Superblocks.PlaneBytes(low), top, column, i, (row[128 + (half * 32) + i] >> (quarter * 2)) & 3);
                        break;
                }
            }
        }
    }

    // Q2_K: scale and minimum as they are. Q3_K: six bits, 32 too high, the low four in nibbles of bytes 0-7, the upper two in pairs of bytes 8-11. Q6_K: signed.
    private static byte GroupScale(ReadOnlySpan<byte> row, CodeType codes, int group)
    {
        switch (codes)
        {
            case CodeType.Bits2: return row[group];
            case CodeType.Bits6: return (byte)(row[192 + group] ^ 0x80);
        }
        ReadOnlySpan<byte> scales = row.Slice(96, 12);
        int low = (scales[group % 8] >> (group / 8 * 4)) & 15, high = (scales[8 + (group % 4)] >> (group / 4 * 2)) & 3;
        return (byte)((low | high << 4) - 32 + 128);
    }
}
