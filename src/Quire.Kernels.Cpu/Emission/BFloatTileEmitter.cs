using System.Runtime.InteropServices;
using Iced.Intel;
using Quire.Kernels.Cpu.Linear;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What a register tile of the bf16 product works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 56)]
internal unsafe struct BFloatTileArguments
{
    public const int WeightsOffset = 0, TileStrideOffset = 8, RowsOffset = 16, RowStrideOffset = 24, SumsOffset = 32, SumStrideOffset = 40, PairsOffset = 48;

    /// <summary>[pairs][16][2] bf16 of the first tile.</summary>
    [FieldOffset(WeightsOffset)]
    public byte* Weights;

    /// <summary>Bytes between tiles.</summary>
    [FieldOffset(TileStrideOffset)]
    public nint TileStride;

    /// <summary>bf16 activations of the first row.</summary>
    [FieldOffset(RowsOffset)]
    public ushort* Rows;

    /// <summary>Bytes between rows.</summary>
    [FieldOffset(RowStrideOffset)]
    public nint RowStride;

    /// <summary>[rows][columns] f32, added to.</summary>
    [FieldOffset(SumsOffset)]
    public float* Sums;

    /// <summary>Bytes between rows of sums.</summary>
    [FieldOffset(SumStrideOffset)]
    public nint SumStride;

    /// <summary>Pairs of inputs, at least 1.</summary>
    [FieldOffset(PairsOffset)]
    public nint Pairs;
}

/// <summary>Register tiles of bf16 activations times bf16 weights with vdpbf16ps on 512-bit registers.</summary>
/// <remarks>Every element is one chain along the inputs, two at a time, that goes on from the sums: its bits depend on nothing else.</remarks>
internal static class BFloatTileEmitter
{
    public const int MaxRows = RowAddresses.MaxRows;
    public const int MaxTiles = 4;

    /// <param name="rows">1 .. 6</param>
    /// <param name="tiles">1 .. 4</param>
    public static EmittedCode Emit(int rows, int tiles) => EmittedCode.Assemble(c =>
    {
        c.push(rbx);
        c.mov(rsi, __qword_ptr[rdi + BFloatTileArguments.WeightsOffset]);
        c.mov(r9, __qword_ptr[rdi + BFloatTileArguments.TileStrideOffset]);
        c.lea(r11, __[rsi + r9]);
        RowAddresses.Load(c, BFloatTileArguments.RowsOffset, BFloatTileArguments.RowStrideOffset);
        c.mov(rcx, __qword_ptr[rdi + BFloatTileArguments.PairsOffset]);
        Sums((sum, address) => c.vmovups(sum, address));

        Label wide = c.CreateLabel(), narrow = c.CreateLabel(), rest = c.CreateLabel(), end = c.CreateLabel();
        c.sub(rcx, Unroll);
        c.jl(rest);
        c.Label(ref wide);
        for (int u = 0; u < Unroll; u++) Pair(u);
        Advance(Unroll);
        c.sub(rcx, Unroll);
        c.jge(wide);
        c.Label(ref rest);
        c.add(rcx, Unroll);
        c.jz(end);
        c.Label(ref narrow);
        Pair(0);
        Advance(1);
        c.dec(rcx);
        c.jnz(narrow);
        c.Label(ref end);
        Sums((sum, address) => c.vmovups(address, sum));
        c.pop(rbx);

        void Advance(int pairs)
        {
            c.add(rsi, 64 * pairs);
            c.add(r11, 64 * pairs);
            RowAddresses.Advance(c, 4 * pairs);
        }

        void Pair(int offset)
        {
            for (int tile = 0; tile < tiles; tile++) c.vmovups(EmittedCode.Zmm[24 + tile], Weight(tile, 64 * offset));
            // With one row a prefetch ahead keeps memory busy across page borders; with more the panel is in a near cache.
            if (rows == 1)
                for (int tile = 0; tile < tiles; tile++) c.prefetcht0(Weight(tile, (64 * offset) + PrefetchBytes));
            for (int row = 0; row < rows; row++)
            {
                if (tiles == 1)
                {
                    c.vdpbf16ps(EmittedCode.Zmm[row], EmittedCode.Zmm[24], RowAddresses.Of(__dword_bcst, row, 4 * offset));
                    continue;
                }
                AssemblerRegisterZMM activation = EmittedCode.Zmm[28 + (row % 4)];
                c.vbroadcastss(activation, RowAddresses.Of(__dword_ptr, row, 4 * offset));
                for (int tile = 0; tile < tiles; tile++) c.vdpbf16ps(EmittedCode.Zmm[(row * tiles) + tile], EmittedCode.Zmm[24 + tile], activation);
            }
        }

        void Sums(Action<AssemblerRegisterZMM, AssemblerMemoryOperand> action)
        {
            c.mov(rdx, __qword_ptr[rdi + BFloatTileArguments.SumsOffset]);
            for (int row = 0; row < rows; row++)
            {
                for (int tile = 0; tile < tiles; tile++) action(EmittedCode.Zmm[(row * tiles) + tile], __zmmword_ptr[rdx + (64 * tile)]);
                if (row + 1 < rows) c.add(rdx, __qword_ptr[rdi + BFloatTileArguments.SumStrideOffset]);
            }
        }
    });

    private const int Unroll = 4;
    private const int PrefetchBytes = 2048;

    private static AssemblerMemoryOperand Weight(int tile, int offset) => tile switch
    {
        0 => __zmmword_ptr[rsi + offset],
        1 => __zmmword_ptr[r11 + offset],
        2 => __zmmword_ptr[rsi + (r9 * 2) + offset],
        _ => __zmmword_ptr[r11 + (r9 * 2) + offset],
    };
}
