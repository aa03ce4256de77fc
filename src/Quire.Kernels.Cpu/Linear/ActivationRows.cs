using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Activations rounded to int8 by row and group of 32: where each row's groups lie. Rows are cut into blocks of nearly equal size, and a block is
/// [groups][rows of the block] records, so that a kernel reaches all its rows from one pointer with constant offsets.</summary>
internal readonly unsafe struct ActivationRows(nint address, RowBlocks blocks, int groups) : IActivationRows
{
    /// <summary>Rows of a block of compiled kernels at most.</summary>
    public const int MaxBlockRows = 6;

    public nint Address { get; } = address;

    public int Groups { get; } = groups;

    public int Rows => blocks.Rows;

    public int Blocks => blocks.Count;

    /// <summary>Rows of the largest block.</summary>
    public int LargestBlock => blocks.Largest;

    public static int RowsPerItem => 4;

    public static long Bytes(long rows, int groups) => rows * groups * ActivationGroup.Size;

    /// <summary>First row of a block; of <see cref="Blocks"/>, the number of rows.</summary>
    public int FirstRow(int block) => blocks.First(block);

    /// <summary>Records of a block.</summary>
    public nint Block(int block) => Address + ((nint)FirstRow(block) * Groups * ActivationGroup.Size);

    /// <summary>Bytes from a row's group to its next.</summary>
    public int GroupStride(int block) => blocks.Size(block) * ActivationGroup.Size;

    public byte* Row(int row, out int stride)
    {
        int block = blocks.Of(row);
        stride = GroupStride(block);
        return (byte*)Block(block) + ((row - FirstRow(block)) * ActivationGroup.Size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<T>(byte* at, int row, T a, T b, float scale) where T : unmanaged, ILanes<T>
    {
        var group = (ActivationGroup*)at;
        T.StoreInt8(group->Codes, a);
        T.StoreInt8(group->Codes + 16, b);
        float first = T.Sum(a), second = T.Sum(b), sum = first + second;
        group->Scale = scale;
        group->ScaledSum = scale * sum;
        group->Start4 = -8 * (int)sum;
        group->Start8 = -128 * (int)sum;
        group->StartHalves[0] = -128 * (int)first;
        group->StartHalves[1] = -128 * (int)second;
    }
}

/// <summary>A row's group of 32 rounded inputs: input k is about <see cref="Scale"/> * code k.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal unsafe struct ActivationGroup
{
    public const int Size = 56;
    public const int ScaleOffset = 32;
    public const int ScaledSumOffset = 36;
    public const int Start4Offset = 40;
    public const int Start8Offset = 44;
    public const int StartHalvesOffset = 48;

    [FieldOffset(0)]
    public fixed sbyte Codes[Packing.Group];

    /// <summary>Largest magnitude / 127.</summary>
    [FieldOffset(ScaleOffset)]
    public float Scale;

    /// <summary>Scale times the sum of the codes: what a weight's minimum is multiplied by.</summary>
    [FieldOffset(ScaledSumOffset)]
    public float ScaledSum;

    /// <summary>-8 times the sum of the codes: where the dot product with unsigned codes of 4 bits begins.</summary>
    [FieldOffset(Start4Offset)]
    public int Start4;

    /// <summary>-128 times the sum of the codes: the same for codes of 8 bits.</summary>
    [FieldOffset(Start8Offset)]
    public int Start8;

    /// <summary>Of the first and of the last 16 codes: their parts of <see cref="Start8"/>.</summary>
    [FieldOffset(StartHalvesOffset)]
    public fixed int StartHalves[2];

    /// <summary>-middle times the sum of a row's codes.</summary>
    /// <param name="first">Of the row's groups, which lie <paramref name="rows"/> records apart.</param>
    /// <param name="middle">0, 8 or 128.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Start(ActivationGroup* first, int groups, int rows, int middle)
    {
        int start = 0;
        if (middle == 0) return start;
        for (; groups > 0; groups--, first += rows) start += middle == 8 ? first->Start4 : first->Start8;
        return start;
    }
}
