using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Where a group of 32 inputs lies in a packed tile, in bytes from its start.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct GroupPlace
{
    public const int CodesOffset = 0, HeaderOffset = 4, ScalesOffset = 8, Size = 12;

    [FieldOffset(CodesOffset)]
    public uint Codes;

    /// <summary>The header that it is under: of <see cref="Superblocks"/> the superblock's.</summary>
    [FieldOffset(HeaderOffset)]
    public uint Header;

    /// <summary>Its own scales and minima in a superblock.</summary>
    [FieldOffset(ScalesOffset)]
    public uint Scales;

    /// <summary>Of all groups of a tile.</summary>
    /// <param name="more">Entries behind the last group, which are its again.</param>
    /// <param name="places">[groups + more], written.</param>
    public static unsafe void Write(PackedFormat format, int groups, int more, GroupPlace* places)
    {
        var layout = new Superblocks.Layout(format);
        int perHeader = format.GroupSize / Packing.Group;
        uint header = 0, codes = (uint)format.HeaderBytes;
        for (int group = 0, under = 0; group < groups; group++, under++)
        {
            if (format.IsSuperblocks)
            {
                int k = group * Packing.Group;
                byte* start = layout.Start(null, k);
                places[group] = new GroupPlace { Header = (uint)start, Scales = (uint)layout.GroupScales(start, k), Codes = (uint)layout.Codes(start, k) };
                continue;
            }
            if (under == perHeader)
            {
                header = codes;
                codes += (uint)format.HeaderBytes;
                under = 0;
            }
            places[group] = new GroupPlace { Header = header, Codes = codes };
            codes += (uint)format.CodeBytes;
        }
        for (int i = 0; i < more; i++) places[groups + i] = places[groups - 1];
    }
}
