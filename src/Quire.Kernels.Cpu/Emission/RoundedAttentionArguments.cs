using System.Runtime.InteropServices;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What attention of bf16 rows works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 56)]
internal unsafe struct RoundedAttentionArguments
{
    public const int BlocksOffset = 0, OffsetOffset = 8, RowsOffset = 16, RowStrideOffset = 24, SumsOffset = 32, SumStrideOffset = 40, CountOffset = 48;

    /// <summary>[count] a head's bf16 keys, or values, of 16 tokens each; for scores one more, which tile registers only fetch.</summary>
    [FieldOffset(BlocksOffset)]
    public byte** Blocks;

    /// <summary>Bytes of each that are passed over.</summary>
    [FieldOffset(OffsetOffset)]
    public nint Offset;

    /// <summary>bf16 queries [rows][head size], or weights [rows][tokens]; for tile registers all 16 rows of each block can be read.</summary>
    [FieldOffset(RowsOffset)]
    public ushort* Rows;

    /// <summary>Bytes between them.</summary>
    [FieldOffset(RowStrideOffset)]
    public nint RowStride;

    /// <summary>Scores [rows][tokens], or values [rows][dimensions], written; for tile registers all 16 rows of each block.</summary>
    [FieldOffset(SumsOffset)]
    public float* Sums;

    /// <summary>Bytes between them.</summary>
    [FieldOffset(SumStrideOffset)]
    public nint SumStride;

    /// <summary>Blocks of 16 tokens, at least 1.</summary>
    [FieldOffset(CountOffset)]
    public nint Count;

    /// <summary>The same from a row on.</summary>
    public readonly RoundedAttentionArguments From(int row)
    {
        RoundedAttentionArguments from = this;
        from.Rows = (ushort*)((byte*)Rows + (row * RowStride));
        from.Sums = (float*)((byte*)Sums + (row * SumStride));
        return from;
    }
}
