using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What a product of tile registers works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct AmxTileArguments
{
    public const int WeightsOffset = 0, TileStrideOffset = 8, RowsOffset = 16, RowStrideOffset = 24, SumsOffset = 32, SumStrideOffset = 40, StepsOffset = 48, NextOffset = 56;

    /// <summary>[steps][16 pairs][16][2] bf16 of the first tile, or [steps][16 quads][16][4] codes.</summary>
    [FieldOffset(WeightsOffset)]
    public byte* Weights;

    /// <summary>Bytes between tiles.</summary>
    [FieldOffset(TileStrideOffset)]
    public nint TileStride;

    /// <summary>bf16 or int8 activations of the first row; all rows of a block can be read.</summary>
    [FieldOffset(RowsOffset)]
    public byte* Rows;

    /// <summary>Bytes between rows.</summary>
    [FieldOffset(RowStrideOffset)]
    public nint RowStride;

    /// <summary>[16 rows of each block][columns] f32, or int32 of codes.</summary>
    [FieldOffset(SumsOffset)]
    public float* Sums;

    /// <summary>Bytes between rows of sums.</summary>
    [FieldOffset(SumStrideOffset)]
    public nint SumStride;

    /// <summary>Steps of 32 bf16 or 64 int8 inputs, at least 1.</summary>
    [FieldOffset(StepsOffset)]
    public nint Steps;

    /// <summary>Weights that are fetched meanwhile, in the same strides: the lines of each step's tile from this one on.</summary>
    [FieldOffset(NextOffset)]
    public byte* Next;
}

/// <summary>What tile registers multiply.</summary>
internal enum AmxKind
{
    BF16,

    /// <summary>Signed activations times unsigned codes, summed modulo 2^32.</summary>
    Int8,
}

/// <summary>Products of bf16 activations and weights in tile registers (AMX), or of signed int8 activations and unsigned codes. All eight tiles are 16 rows of 64 bytes.</summary>
/// <remarks>tdpbf16ps adds, for each element, the sum of the 16 even inputs' products and the sum of the 16 odd ones', in f32 with denormals as zero:
/// an element's bits depend on its row and its column alone.</remarks>
internal static class AmxTileEmitter
{
    /// <summary>Rows of a tile register.</summary>
    public const int BlockRows = 16;

    /// <summary>Bytes of a row of a tile register: the inputs of a step.</summary>
    public const int StepBytes = 64;

    /// <summary>Bytes of a tile register.</summary>
    public const int TileBytes = 1024;

    /// <summary>Tile registers that hold sums.</summary>
    private const int MaxSums = 4;

    /// <summary>Cache lines of a weight's tile register.</summary>
    public const int TileLines = 16;

    private static readonly AssemblerRegisterTMM[] Tmm = [tmm0, tmm1, tmm2, tmm3, tmm4, tmm5, tmm6, tmm7];

    /// <summary>Column tiles of one call.</summary>
    public static int MaxTiles(int rowBlocks) => MaxSums / rowBlocks;

    /// <summary>Configures this thread's tiles from the 64 bytes of the argument (<see cref="Configuration()"/>).</summary>
    public static EmittedCode Configure() => EmittedCode.Assemble(c => c.ldtilecfg(__[rdi]));

    /// <summary>Gives the tiles' state back, so that switching threads need not save it.</summary>
    public static EmittedCode Release() => EmittedCode.Assemble(c => c.tilerelease());

    /// <summary>Palette 1, all tiles 16 rows of 64 bytes.</summary>
    public static byte[] Configuration() => Configuration([.. Enumerable.Repeat((BlockRows, 64), Tmm.Length)]);

    /// <param name="tiles">Rows, and bytes of a row, of each tile register.</param>
    public static byte[] Configuration(IReadOnlyList<(int Rows, int Bytes)> tiles)
    {
        const int columnBytes = 16, rows = 48;
        var bytes = new byte[64];
        bytes[0] = 1;
        for (int tile = 0; tile < tiles.Count; tile++)
        {
            bytes[columnBytes + (2 * tile)] = (byte)tiles[tile].Bytes;
            bytes[rows + tile] = (byte)tiles[tile].Rows;
        }
        return bytes;
    }

    /// <summary>sums (+)= rows times weights.</summary>
    /// <param name="rowBlocks">Blocks of 16 rows, 1 or 2.</param>
    /// <param name="tiles">Column tiles, at most <see cref="MaxTiles"/>.</param>
    /// <param name="adds">Goes on from the sums, else overwrites them.</param>
    /// <param name="lines">Cache lines that are fetched for each tile and step, at most <see cref="TileLines"/>.</param>
    public static EmittedCode Product(AmxKind kind, int rowBlocks, int tiles, bool adds, int lines) => EmittedCode.Assemble(c =>
    {
        AssemblerRegister64[] weights = [.. new[] { rsi, r11, r12, r13 }.Take(tiles)], rows = [.. new[] { rax, rbx }.Take(rowBlocks)];
        c.push(rbx);
        c.push(r12);
        c.push(r13);
        c.push(r14);
        c.mov(r9, __qword_ptr[rdi + AmxTileArguments.TileStrideOffset]);
        c.mov(rsi, __qword_ptr[rdi + AmxTileArguments.WeightsOffset]);
        for (int tile = 1; tile < tiles; tile++) c.lea(weights[tile], __[weights[tile - 1] + r9]);
        c.mov(r14, __qword_ptr[rdi + AmxTileArguments.NextOffset]);
        c.sub(r14, rsi);
        c.mov(rax, __qword_ptr[rdi + AmxTileArguments.RowsOffset]);
        c.mov(r10, __qword_ptr[rdi + AmxTileArguments.RowStrideOffset]);
        c.mov(rbx, r10);
        c.shl(rbx, 4);
        c.add(rbx, rax);
        c.mov(r8d, 64);
        Sums((sum, address) =>
        {
            if (adds) c.tileloadd(sum, address);
            else c.tilezero(sum);
        });
        c.mov(rcx, __qword_ptr[rdi + AmxTileArguments.StepsOffset]);

        Label step = c.CreateLabel();
        c.Label(ref step);
        for (int block = 0; block < rowBlocks; block++)
        {
            c.tileloadd(Rows(block), __[rows[block] + r10]);
            for (int tile = 0; tile < tiles; tile++)
            {
                if (block == 0)
                {
                    c.tileloadd(Weights(tile), __[weights[tile] + r8]);
                    for (int line = 0; line < lines; line++) c.prefetcht1(__byte_ptr[weights[tile] + r14 + (64 * line)]);
                }
                if (kind == AmxKind.BF16) c.tdpbf16ps(Tmm[(block * tiles) + tile], Rows(block), Weights(tile));
                else c.tdpbsud(Tmm[(block * tiles) + tile], Rows(block), Weights(tile));
            }
        }
        foreach (AssemblerRegister64 pointer in weights) c.add(pointer, TileBytes);
        foreach (AssemblerRegister64 pointer in rows) c.add(pointer, StepBytes);
        c.dec(rcx);
        c.jnz(step);
        Sums((sum, address) => c.tilestored(address, sum));
        c.pop(r14);
        c.pop(r13);
        c.pop(r12);
        c.pop(rbx);

        void Sums(Action<AssemblerRegisterTMM, AssemblerMemoryOperand> action)
        {
            c.mov(rdx, __qword_ptr[rdi + AmxTileArguments.SumsOffset]);
            c.mov(rcx, __qword_ptr[rdi + AmxTileArguments.SumStrideOffset]);
            for (int block = 0; block < rowBlocks; block++)
            {
                for (int tile = 0; tile < tiles; tile++) action(Tmm[(block * tiles) + tile], __[rdx + rcx + (64 * tile)]);
                if (block + 1 == rowBlocks) continue;
                for (int i = 0; i < BlockRows; i += 8) c.lea(rdx, __[rdx + (rcx * 8)]);
            }
        }

        static AssemblerRegisterTMM Rows(int block) => Tmm[MaxSums + block];

        static AssemblerRegisterTMM Weights(int tile) => Tmm[MaxSums + 2 + (tile % 2)];
    });
}
