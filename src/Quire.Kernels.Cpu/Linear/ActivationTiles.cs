using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Activations rounded to int8 as tile registers load them: [rows / 16][groups] of { codes[16][32], scales[16] f32, scales times sums of codes[16] f32 }. What rows past the last hold is
/// multiplied and dropped.</summary>
internal readonly unsafe struct ActivationTiles(nint address, int rows, int groups) : IActivationRows
{
    public const int BlockRows = AmxTileEmitter.BlockRows;
    public const int ScalesOffset = BlockRows * Packing.Group;
    public const int ScaledSumsOffset = ScalesOffset + (BlockRows * sizeof(float));

    /// <summary>Bytes of a group of sixteen rows.</summary>
    public const int GroupBytes = ScaledSumsOffset + (BlockRows * sizeof(float));

    public int Rows { get; } = rows;

    public int Groups { get; } = groups;

    public int Blocks => (Rows + BlockRows - 1) / BlockRows;

    public static int RowsPerItem => BlockRows;

    public static long Bytes(long rows, int groups) => (rows + BlockRows - 1) / BlockRows * groups * GroupBytes;

    /// <summary>The first group of sixteen rows.</summary>
    public byte* Block(int block) => (byte*)address + ((nint)block * Groups * GroupBytes);

    public byte* Row(int row, out int stride)
    {
        stride = GroupBytes;
        return Block(row / BlockRows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<T>(byte* at, int row, T a, T b, float scale) where T : unmanaged, ILanes<T>
    {
        int lane = row % BlockRows;
        T.StoreInt8((sbyte*)at + (lane * Packing.Group), a);
        T.StoreInt8((sbyte*)at + (lane * Packing.Group) + 16, b);
        ((float*)(at + ScalesOffset))[lane] = scale;
        ((float*)(at + ScaledSumsOffset))[lane] = scale * T.Sum(a + b);
    }
}
