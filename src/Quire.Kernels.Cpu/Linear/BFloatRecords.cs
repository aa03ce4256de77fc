using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Activations rounded to bf16 as products with codes read them: blocks of [groups] of { [rows of the block][32] bf16, [rows] f32 }, so that a kernel reaches all its rows from one pointer
/// with constant offsets. Eight inputs lie as 0, 2, 4, 6, 1, 3, 5, 7 for nibbles and as 0, 2, 1, 3, 4, 6, 5, 7 for bytes; the f32 number is the sum of a row's rounded inputs from the start of their run on.</summary>
internal readonly unsafe struct BFloatRecords(nint address, RowBlocks blocks, BFloatRuns runs, bool hasNibbles)
{
    /// <summary>Bytes of a row's group without its sum.</summary>
    public const int RowBytes = Packing.Group * sizeof(ushort);

    private const int BytesPerRow = RowBytes + sizeof(float);

    private static readonly Vector512<ushort> NibbleOrder = Order(0, 2, 4, 6, 1, 3, 5, 7), ByteOrder = Order(0, 2, 1, 3, 4, 6, 5, 7);

    public RowBlocks Blocks { get; } = blocks;

    public BFloatRuns Runs { get; } = runs;

    /// <summary>Bytes of a group of a block of rows.</summary>
    public static int GroupBytes(int rows) => rows * BytesPerRow;

    public static long Bytes(long rows, int groups) => rows * groups * BytesPerRow;

    /// <summary>Records of a block from a group on.</summary>
    public byte* Block(int block, int group) => (byte*)address + ((((nint)Blocks.First(block) * Runs.RowGroups) + ((nint)group * Blocks.Size(block))) * BytesPerRow);

    /// <summary>Rounds a row, half to even.</summary>
    /// <param name="columns">Inputs of the row; a last group that is not whole is filled with zeros.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store<T>(int row, float* source, int columns) where T : unmanaged, ILanes<T>
    {
        float* rest = stackalloc float[Packing.Group];
        ushort* rounded = stackalloc ushort[Packing.Group];
        int block = Blocks.Of(row), rows = Blocks.Size(block), inBlock = row - Blocks.First(block);
        byte* record = Block(block, 0);
        Vector512<ushort> order = hasNibbles ? NibbleOrder : ByteOrder;
        float sum = 0;
        for (int group = 0; group < Runs.RowGroups; group++, record += GroupBytes(rows))
        {
            float* from = source + (group * Packing.Group);
            if ((group + 1) * Packing.Group > columns)
            {
                for (int i = 0; i < Packing.Group; i++) rest[i] = (group * Packing.Group) + i < columns ? from[i] : 0;
                from = rest;
            }
            T.StoreBf16(rounded, T.Load(from));
            T.StoreBf16(rounded + 16, T.Load(from + 16));
            if (Runs.Begins(group)) sum = 0;
            sum += T.Sum(T.WidenBf16(rounded) + T.WidenBf16(rounded + 16));
            Vector512.Store(Vector512.Shuffle(Vector512.Load(rounded), order), (ushort*)(record + (inBlock * RowBytes)));
            ((float*)(record + (rows * RowBytes)))[inBlock] = sum;
        }
    }

    private static Vector512<ushort> Order(params ReadOnlySpan<ushort> eight)
    {
        var order = new ushort[Packing.Group];
        for (int i = 0; i < order.Length; i++) order[i] = (ushort)((i / 8 * 8) + eight[i % 8]);
        return Vector512.Create(order);
    }
}
