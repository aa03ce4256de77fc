using System.Runtime.InteropServices;
using Quire.Kernels.Cpu.Linear;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What a register tile of bf16 activations and codes works on, and what widens codes for it. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 104)]
internal unsafe struct BFloatCodeArguments
{
    public const int CodesOffset = 0, CodeStrideOffset = 8, CodeGapOffset = 16, HeadersOffset = 24, HeaderStrideOffset = 32, HeaderStepOffset = 40,
        RecordsOffset = 48, SumsOffset = 56, GroupsOffset = 64, RunsOffset = 72, NextOffset = 80, ConstantsOffset = 88, WideOffset = 96;

    /// <summary>Codes of the first tile and group, as packed or widened.</summary>
    [FieldOffset(CodesOffset)]
    public byte* Codes;

    /// <summary>Bytes between tiles' codes.</summary>
    [FieldOffset(CodeStrideOffset)]
    public nint CodeStride;

    /// <summary>Bytes between the codes of a run and those of the next.</summary>
    [FieldOffset(CodeGapOffset)]
    public nint CodeGap;

    /// <summary>Header of the first tile and run.</summary>
    [FieldOffset(HeadersOffset)]
    public byte* Headers;

    /// <summary>Bytes between tiles' headers.</summary>
    [FieldOffset(HeaderStrideOffset)]
    public nint HeaderStride;

    /// <summary>Bytes between the headers of two runs; 0 where all have one.</summary>
    [FieldOffset(HeaderStepOffset)]
    public nint HeaderStep;

    /// <summary>The block's records of the first group (<see cref="BFloatRecords"/>).</summary>
    [FieldOffset(RecordsOffset)]
    public byte* Records;

    /// <summary>[rows][<see cref="OutputPanels.SumColumns"/>], added to.</summary>
    [FieldOffset(SumsOffset)]
    public float* Sums;

    /// <summary>Groups of a run, at least 1.</summary>
    [FieldOffset(GroupsOffset)]
    public nint Groups;

    /// <summary>Runs to go through, at least 1.</summary>
    [FieldOffset(RunsOffset)]
    public nint Runs;

    /// <summary>Codes that are fetched meanwhile, in the same strides.</summary>
    [FieldOffset(NextOffset)]
    public byte* Next;

    /// <summary>What codes are unpacked with (<see cref="BFloatCodeTiles"/>).</summary>
    [FieldOffset(ConstantsOffset)]
    public byte* Constants;

    /// <summary>Where a tile's codes are widened to: [groups][16 pairs][16][2] bf16.</summary>
    [FieldOffset(WideOffset)]
    public byte* Wide;
}
