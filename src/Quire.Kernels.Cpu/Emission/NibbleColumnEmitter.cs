using System.Runtime.InteropServices;
using Iced.Intel;
using Quire.Kernels.Cpu.Linear;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What a product of nibbles by column works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 96)]
internal unsafe struct NibbleColumnArguments
{
    public const int HeadersOffset = 0, CodesOffset = 8, TileStrideOffset = 16, HeaderStepOffset = 24, CodeStepOffset = 32, RowsOffset = 40, PairStrideOffset = 48, SumsOffset = 56,
        ChunksOffset = 64, ScratchOffset = 72, ConstantsOffset = 80, RunsOffset = 88;

    /// <summary>The first chunk's first header, of the first tile.</summary>
    [FieldOffset(HeadersOffset)]
    public byte* Headers;

    /// <summary>The first chunk's codes.</summary>
    [FieldOffset(CodesOffset)]
    public byte* Codes;

    /// <summary>Bytes between tiles.</summary>
    [FieldOffset(TileStrideOffset)]
    public nint TileStride;

    /// <summary>Bytes between chunks' headers; 0 where all have one.</summary>
    [FieldOffset(HeaderStepOffset)]
    public nint HeaderStep;

    /// <summary>Bytes between chunks' codes.</summary>
    [FieldOffset(CodeStepOffset)]
    public nint CodeStep;

    /// <summary>bf16 activations of the first group: [pairs of inputs][rows][2].</summary>
    [FieldOffset(RowsOffset)]
    public ushort* Rows;

    /// <summary>Bytes between pairs of inputs, and between columns of sums: 4 for each row.</summary>
    [FieldOffset(PairStrideOffset)]
    public nint PairStride;

    /// <summary>[runs][tiles][16 columns][rows] f32, added to.</summary>
    [FieldOffset(SumsOffset)]
    public float* Sums;

    /// <summary>Chunks of inputs, at least 1.</summary>
    [FieldOffset(ChunksOffset)]
    public nint Chunks;

    /// <summary>Room for <see cref="NibbleColumnEmitter.ScratchBytes"/>.</summary>
    [FieldOffset(ScratchOffset)]
    public byte* Scratch;

    /// <summary>f32 [16] of what codes stand for before their offset; how far each of 32 words is shifted, 16 bits each.</summary>
    [FieldOffset(ConstantsOffset)]
    public byte* Constants;

    /// <summary>Runs of column tiles behind each other, at least 1.</summary>
    [FieldOffset(RunsOffset)]
    public nint Runs;
}

/// <summary>Nibbles by column times up to 32 rows of bf16 activations in tile registers (AMX). The weight is the left matrix: a register's row is 32 inputs of one column, looked up
/// by one vpermw in a table of the column's sixteen numbers, which are scaled and rounded to bf16 once a group.</summary>
/// <remarks>tdpbf16ps adds as <see cref="AmxTileEmitter"/> says, whichever matrix is the left one, and the numbers are those of <see cref="WideningEmitter"/>: a row has the bits of the product of many rows.
/// A tile register cannot load what is still on its way to memory, so chunks of inputs are multiplied while the next ones are widened.</remarks>
internal static class NibbleColumnEmitter
{
    /// <summary>Groups of 32 inputs of a chunk.</summary>
    public const int MaxGroups = 4;

    /// <summary>Column tiles of a run: a product waits for the one before into the same sums, so there are two.</summary>
    public const int MaxTiles = 2;

    public const int MaxRows = MaxRowBlocks * AmxTileEmitter.BlockRows;

    private const int MaxRowBlocks = 2;

    /// <summary>Two chunks of bf16 weights, and a tile's scales and offsets of one in f32.</summary>
    public const int ScratchBytes = ScalesStart + (2 * OffsetRoom);

    // How far ahead codes are fetched, into the second-level cache: two tiles' chunks and the widened ones fill the nearest.
    private const int FetchBytes = 8192;

    private const int ChunkBytes = MaxTiles * MaxGroups * AmxTileEmitter.TileBytes;
    private const int ScalesStart = 2 * ChunkBytes;
    private const int OffsetRoom = MaxGroups * Packing.Columns * sizeof(float);

    /// <summary>Blocks of 16 rows.</summary>
    public static int RowBlocks(int rows) => (rows + AmxTileEmitter.BlockRows - 1) / AmxTileEmitter.BlockRows;

    /// <summary>Palette 1: of each block of rows a step of activations and the sums of two column tiles; two steps of weights.</summary>
    public static byte[] Configuration(int rows)
    {
        (int, int) whole = (AmxTileEmitter.BlockRows, AmxTileEmitter.StepBytes), last = (AmxTileEmitter.BlockRows, (((rows - 1) % AmxTileEmitter.BlockRows) + 1) * 4), first = rows > AmxTileEmitter.BlockRows ? whole : last;
        return AmxTileEmitter.Configuration([first, last, first, last, first, last, whole, whole]);
    }

    /// <param name="format">Nibbles by column; levels do not matter.</param>
    /// <param name="tiles">Column tiles of a run, at most <see cref="MaxTiles"/>.</param>
    /// <param name="rowBlocks">Blocks of 16 rows, 1 or 2.</param>
    /// <param name="groups">Groups of 32 inputs of a chunk, at most <see cref="MaxGroups"/>.</param>
    /// <param name="perHeader">Groups under each of the chunk's headers.</param>
    public static EmittedCode Emit(PackedFormat format, int tiles, int rowBlocks, int groups, int perHeader) => EmittedCode.Assemble(c => new Emitter(c, format, tiles, rowBlocks, groups, perHeader).Emit());

    private sealed class Emitter(Assembler c, PackedFormat format, int tiles, int rowBlocks, int groups, int perHeader)
    {
        private static readonly AssemblerRegisterZMM Numbers = zmm31, Shifts = zmm30;
        // Those of the two blocks of rows in turns.
        private static readonly AssemblerRegisterTMM[] Sums = [tmm0, tmm1, tmm2, tmm3], Rows = [tmm4, tmm5], Weights = [tmm6, tmm7];
        private readonly int headerBytes = format.HeaderBytes + (perHeader * format.CodeBytes);

        // rsi codes, rdx headers, r10 bytes between tiles, r9 rows of the chunk that is multiplied,
        // r11 bytes between their pairs, r12 between their groups, rax widened chunk, rbx the one before, rbp bytes of a line of weights, r8 scales, rcx chunks left.
        public void Emit()
        {
            AssemblerRegister64[] kept = [rbx, rbp, r12];
            foreach (AssemblerRegister64 register in kept) c.push(register);
            c.mov(rax, __qword_ptr[rdi + NibbleColumnArguments.ConstantsOffset]);
            c.vmovups(Numbers, __zmmword_ptr[rax]);
            c.vmovdqu64(Shifts, __zmmword_ptr[rax + 64]);
            c.mov(r10, __qword_ptr[rdi + NibbleColumnArguments.TileStrideOffset]);
            c.mov(r11, __qword_ptr[rdi + NibbleColumnArguments.PairStrideOffset]);
            c.mov(r12, r11);
            c.shl(r12, 4);
            c.mov(rax, __qword_ptr[rdi + NibbleColumnArguments.ScratchOffset]);
            c.lea(rbx, __[rax + ChunkBytes]);
            c.lea(r8, __[rax + ScalesStart]);
            c.mov(ebp, AmxTileEmitter.StepBytes);

            Label run = c.CreateLabel(), chunk = c.CreateLabel(), last = c.CreateLabel();
            c.Label(ref run);
            c.mov(rsi, __qword_ptr[rdi + NibbleColumnArguments.CodesOffset]);
            c.mov(rdx, __qword_ptr[rdi + NibbleColumnArguments.HeadersOffset]);
            c.mov(r9, __qword_ptr[rdi + NibbleColumnArguments.RowsOffset]);
            ForSums((sum, address) => c.tileloadd(sum, address));
            c.mov(rcx, __qword_ptr[rdi + NibbleColumnArguments.ChunksOffset]);
            Widen(multiplies: false);
            c.dec(rcx);
            c.jz(last);
            c.Label(ref chunk);
            Widen(multiplies: true);
            c.dec(rcx);
            c.jnz(chunk);
            c.Label(ref last);
            for (int i = 0; i < groups * tiles; i++) Multiply(i);
            ForSums((sum, address) => c.tilestored(address, sum));
            c.mov(__qword_ptr[rdi + NibbleColumnArguments.SumsOffset], rcx);
            c.mov(rcx, r10);
            if (tiles == 2) c.add(rcx, rcx);
            c.add(__qword_ptr[rdi + NibbleColumnArguments.CodesOffset], rcx);
            c.add(__qword_ptr[rdi + NibbleColumnArguments.HeadersOffset], rcx);
            c.dec(__qword_ptr[rdi + NibbleColumnArguments.RunsOffset]);
            c.jnz(run);
            foreach (AssemblerRegister64 register in kept.Reverse()) c.pop(register);
        }

        private void ForSums(Action<AssemblerRegisterTMM, AssemblerMemoryOperand> action)
        {
            c.mov(rcx, __qword_ptr[rdi + NibbleColumnArguments.SumsOffset]);
            for (int tile = 0; tile < tiles; tile++)
            {
                for (int block = 0; block < rowBlocks; block++) action(Sums[(MaxRowBlocks * tile) + Block(block)], __[rcx + r11 + (block * BlockBytes)]);
                c.add(rcx, r12);
            }
        }

        // A chunk of each tile; after each of its groups comes a product of the chunk before.
        private void Widen(bool multiplies)
        {
            int done = 0;
            for (int tile = 0; tile < tiles; tile++)
            {
                for (int header = 0; header < groups / perHeader; header++) LoadHeader(tile, header);
                for (int line = 0; line < groups / perHeader * headerBytes; line += 64) c.prefetcht1(TileAddress(__byte_ptr, rsi, tile, FetchBytes + line));
                for (int group = 0; group < groups; group++)
                {
                    if (group % perHeader == 0)
                        for (int column = 0; column < Packing.Columns; column++) Table(column, group / perHeader);
                    WidenGroup(tile, group);
                    if (multiplies) Multiply(done++);
                }
            }
            c.add(rdx, __qword_ptr[rdi + NibbleColumnArguments.HeaderStepOffset]);
            c.add(rsi, __qword_ptr[rdi + NibbleColumnArguments.CodeStepOffset]);
            c.xchg(rax, rbx);
        }

        private void WidenGroup(int tile, int group)
        {
            int codes = (group / perHeader * headerBytes) + (group % perHeader * format.CodeBytes), to = ((tile * groups) + group) * AmxTileEmitter.TileBytes;
            for (int column = 0; column < Packing.Columns; column++)
            {
                AssemblerRegisterZMM words = EmittedCode.Zmm[16 + (column % 12)];
                c.vbroadcasti32x4(words, TileAddress(__xmmword_ptr, rsi, tile, codes + (column * Packing.ColumnBytes)));
                // The five lowest bits of an index count, and a table holds its numbers twice: neighbours need no masking.
                c.vpsrlvw(words, words, Shifts);
                c.vpermw(words, words, EmittedCode.Zmm[column]);
                c.vmovdqu64(__zmmword_ptr[rax + (to + (column * AmxTileEmitter.StepBytes))], words);
            }
        }

        // Product i of a chunk: step by step, tile by tile.
        private void Multiply(int i)
        {
            int step = i / tiles, tile = i % tiles;
            if (tile == 0)
            {
                for (int block = 0; block < rowBlocks; block++) c.tileloadd(Rows[Block(block)], __[r9 + r11 + (block * BlockBytes)]);
                c.add(r9, r12);
            }
            c.tileloadd(Weights[i % 2], __[rbx + rbp + (((tile * groups) + step) * AmxTileEmitter.TileBytes)]);
            for (int block = 0; block < rowBlocks; block++) c.tdpbf16ps(Sums[(MaxRowBlocks * tile) + Block(block)], Weights[i % 2], Rows[Block(block)]);
        }

        private const int BlockBytes = AmxTileEmitter.BlockRows * 4;

        // A single block may be short, and so takes the last one's registers.
        private int Block(int block) => block + MaxRowBlocks - rowBlocks;

        // Scales, and what they go with, in memory as f32.
        private void LoadHeader(int tile, int header)
        {
            AssemblerRegisterZMM numbers = EmittedCode.Zmm[28];
            Load(0);
            c.vmovups(ScaleAddress(header), numbers);
            switch (format.Offset)
            {
                case OffsetType.Minimum:
                    Load(format.OffsetStart);
                    c.vmovups(OffsetAddress(header), numbers);
                    break;
                case OffsetType.Zero:
                    c.vpmovzxbd(numbers, TileAddress(__xmmword_ptr, rdx, tile, (header * headerBytes) + format.OffsetStart));
                    c.vcvtdq2ps(numbers, numbers);
                    c.vmovups(OffsetAddress(header), numbers);
                    break;
            }

            void Load(int offset) => c.LoadScales(numbers, format.ScaleType, size => TileAddress(size, rdx, tile, (header * headerBytes) + offset));
        }

        // The column's sixteen numbers in bf16, twice.
        private void Table(int column, int header)
        {
            AssemblerRegisterZMM table = EmittedCode.Zmm[column];
            AssemblerMemoryOperand scale = __dword_bcst[r8 + Lane(header, column)], offset = __dword_ptr[r8 + (Lane(header, column) + OffsetRoom)];
            switch (format.Offset)
            {
                case OffsetType.Minimum:
                    c.vbroadcastss(table, offset);
                    c.vfmadd231ps(table, Numbers, scale);
                    break;
                case OffsetType.Zero:
                    c.vsubps(table, Numbers, __dword_bcst[r8 + (Lane(header, column) + OffsetRoom)]);
                    c.vmulps(table, table, scale);
                    break;
                default:
                    c.vmulps(table, Numbers, scale);
                    break;
            }
            c.vcvtne2ps2bf16(table, table, table);
        }

        private static int Lane(int header, int column) => ((header * Packing.Columns) + column) * sizeof(float);

        private static AssemblerMemoryOperand ScaleAddress(int header) => __zmmword_ptr[r8 + Lane(header, 0)];

        private static AssemblerMemoryOperand OffsetAddress(int header) => __zmmword_ptr[r8 + (Lane(header, 0) + OffsetRoom)];

        private static AssemblerMemoryOperand TileAddress(AssemblerMemoryOperandFactory size, AssemblerRegister64 first, int tile, int offset) =>
            tile == 0 ? size[first + offset] : size[first + r10 + offset];
    }
}
