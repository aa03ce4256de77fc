using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>What a register tile of the int8 product works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = ScalesOffset + 256)]
internal unsafe struct IntegerTileArguments
{
    public const int CodesOffset = 0, HeadersOffset = 8, TileStrideOffset = 16, ActivationsOffset = 24, ActivationStrideOffset = 32,
        SumsOffset = 40, GroupsPerHeaderOffset = 48, HeadersLeftOffset = 56, NextOffset = 64, ScalesOffset = 72;

    /// <summary>Codes of the first tile and group.</summary>
    [FieldOffset(CodesOffset)]
    public byte* Codes;

    /// <summary>Header of the first tile and group.</summary>
    [FieldOffset(HeadersOffset)]
    public byte* Headers;

    /// <summary>Bytes between tiles of the packed weight.</summary>
    [FieldOffset(TileStrideOffset)]
    public nint TileStride;

    /// <summary>The first row's record of the first group.</summary>
    [FieldOffset(ActivationsOffset)]
    public byte* Activations;

    /// <summary>Bytes between groups of a row.</summary>
    [FieldOffset(ActivationStrideOffset)]
    public nint ActivationStride;

    /// <summary>[rows][<see cref="OutputPanels.SumColumns"/>], added to.</summary>
    [FieldOffset(SumsOffset)]
    public float* Sums;

    /// <summary>Groups of 32 under a header.</summary>
    [FieldOffset(GroupsPerHeaderOffset)]
    public nint GroupsPerHeader;

    /// <summary>Headers to go through, at least 1.</summary>
    [FieldOffset(HeadersLeftOffset)]
    public nint HeadersLeft;

    /// <summary>Codes that are fetched meanwhile, in the same strides.</summary>
    [FieldOffset(NextOffset)]
    public byte* Next;

    /// <summary>Room for the scales and minima of two tiles' superblocks.</summary>
    [FieldOffset(ScalesOffset)]
    public fixed float Scales[64];
}
