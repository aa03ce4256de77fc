using Iced.Intel;
using Quire.Tensors;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Scores and weighted values of bf16 rows in tile registers (AMX), straight from the cache's blocks: what a tile register loads is how keys and values lie there.</summary>
/// <remarks>A score is one chain of steps of 32 (at last 16) dimensions, a value one of steps of 16 tokens; a step adds as <see cref="AmxTileEmitter"/> says. An element's bits depend on its own row and column alone.</remarks>
internal static class AmxAttentionEmitter
{
    public const int BlockRows = AmxTileEmitter.BlockRows;

    /// <summary>Blocks of rows of a call.</summary>
    public const int MaxRowBlocks = 3;

    /// <summary>Bytes of 16 dimensions of a block's keys or values.</summary>
    public const int TileBytes = KvLayout.BlockTokens * 16 * sizeof(ushort);

    private const int MaxSums = 4;

    private static readonly AssemblerRegisterTMM[] Sum = [tmm0, tmm1, tmm2, tmm3];
    private static readonly AssemblerRegisterTMM WholeRows = tmm4, WholeBlock = tmm5, HalfRows = tmm6, HalfBlock = tmm7;

    /// <summary>Tiles of 16 dimensions of one call for values.</summary>
    public static int MaxTiles(int rowBlocks) => MaxSums / rowBlocks;

    /// <summary>Palette 1: four sums; rows and a block of 32 bf16 numbers; rows and a block of 16.</summary>
    public static byte[] Configuration() => AmxTileEmitter.Configuration([(16, 64), (16, 64), (16, 64), (16, 64), (16, 64), (16, 64), (16, 32), (8, 64)]);

    /// <summary>scores[row][16 b + token] = sum over d of query[row][d] * key[b][d][token].</summary>
    /// <param name="rowBlocks">1 .. <see cref="MaxRowBlocks"/></param>
    /// <param name="padded">Elements of a head, a multiple of 16.</param>
    public static EmittedCode Scores(int rowBlocks, int padded) => EmittedCode.Assemble(c =>
    {
        AssemblerRegister64[] rows = [.. new[] { rax, rdx, r9 }.Take(rowBlocks)];
        c.push(rbx);
        c.push(r12);
        Begin(c, rows);
        c.mov(rbx, __qword_ptr[rdi + RoundedAttentionArguments.SumsOffset]);
        c.mov(r12, __qword_ptr[rdi + RoundedAttentionArguments.SumStrideOffset]);
        Label block = c.CreateLabel();
        c.Label(ref block);
        NextBlock(c);
        for (int i = 0; i < rowBlocks; i++) c.tilezero(Sum[i]);
        for (int d = 0; d < padded; d += 32)
        {
            bool isWhole = d + 32 <= padded;
            AssemblerRegisterTMM queries = isWhole ? WholeRows : HalfRows, keys = isWhole ? WholeBlock : HalfBlock;
            c.tileloadd(keys, __[rsi + r8 + (d / 16 * TileBytes)]);
            for (int i = 0; i < rowBlocks; i++)
            {
                c.tileloadd(queries, __[rows[i] + r10 + (d * sizeof(ushort))]);
                c.tdpbf16ps(Sum[i], queries, keys);
            }
        }
        if (rowBlocks == 1) Fetch(c, padded / 16 * TileBytes);
        c.mov(rcx, rbx);
        for (int i = 0; i < rowBlocks; i++)
        {
            c.tilestored(__[rcx + r12], Sum[i]);
            if (i + 1 < rowBlocks) Advance16(c, rcx, r12);
        }
        c.add(rbx, KvLayout.BlockTokens * sizeof(float));
        c.dec(__qword_ptr[rdi + RoundedAttentionArguments.CountOffset]);
        c.jnz(block);
        c.pop(r12);
        c.pop(rbx);
    });

    /// <summary>values[row][d] = sum over tokens of weight[row][token] * value[token][d], for 16 dimensions a tile.</summary>
    /// <param name="tiles">1 .. <see cref="MaxTiles"/></param>
    public static EmittedCode Values(int rowBlocks, int tiles) => EmittedCode.Assemble(c =>
    {
        AssemblerRegister64[] rows = [.. new[] { rax, rdx, r9 }.Take(rowBlocks)];
        Begin(c, rows);
        for (int i = 0; i < rowBlocks * tiles; i++) c.tilezero(Sum[i]);
        Label block = c.CreateLabel();
        c.Label(ref block);
        NextBlock(c);
        // What there is less of is loaded once.
        if (tiles < rowBlocks)
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                LoadValues(tile);
                for (int i = 0; i < rowBlocks; i++)
                {
                    LoadWeights(i);
                    Multiply(i, tile);
                }
            }
        }
        else
        {
            for (int i = 0; i < rowBlocks; i++)
            {
                LoadWeights(i);
                for (int tile = 0; tile < tiles; tile++)
                {
                    LoadValues(tile);
                    Multiply(i, tile);
                }
            }
        }
        foreach (AssemblerRegister64 row in rows) c.add(row, KvLayout.BlockTokens * sizeof(ushort));
        c.dec(__qword_ptr[rdi + RoundedAttentionArguments.CountOffset]);
        c.jnz(block);
        c.mov(rcx, __qword_ptr[rdi + RoundedAttentionArguments.SumsOffset]);
        c.mov(r10, __qword_ptr[rdi + RoundedAttentionArguments.SumStrideOffset]);
        for (int i = 0; i < rowBlocks; i++)
        {
            for (int tile = 0; tile < tiles; tile++) c.tilestored(__[rcx + r10 + (tile * 16 * sizeof(float))], Sum[(i * tiles) + tile]);
            if (i + 1 < rowBlocks) Advance16(c, rcx, r10);
        }

        void LoadWeights(int i) => c.tileloadd(HalfRows, __[rows[i] + r10]);

        void LoadValues(int tile) => c.tileloadd(HalfBlock, __[rsi + r8 + (tile * TileBytes)]);

        void Multiply(int i, int tile) => c.tdpbf16ps(Sum[(i * tiles) + tile], HalfRows, HalfBlock);
    });

    // Of few rows memory is the limit. The block's values lie behind its keys; they are wanted next, as are the next block's keys.
    private static void Fetch(Assembler c, int headBytes)
    {
        c.mov(rcx, __qword_ptr[r11]);
        for (int line = 0; line < headBytes; line += 64)
        {
            c.prefetcht0(__byte_ptr[rsi + (headBytes + line)]);
            c.prefetcht0(__byte_ptr[rcx + line]);
        }
    }

    // r11 list of blocks, r8 bytes between their lines, r10 between rows, rows[i] first of each block of rows.
    private static void Begin(Assembler c, AssemblerRegister64[] rows)
    {
        c.mov(r11, __qword_ptr[rdi + RoundedAttentionArguments.BlocksOffset]);
        c.mov(r10, __qword_ptr[rdi + RoundedAttentionArguments.RowStrideOffset]);
        c.mov(rows[0], __qword_ptr[rdi + RoundedAttentionArguments.RowsOffset]);
        for (int i = 1; i < rows.Length; i++)
        {
            c.mov(rows[i], rows[i - 1]);
            Advance16(c, rows[i], r10);
        }
        c.mov(r8d, 64);
    }

    private static void NextBlock(Assembler c)
    {
        c.mov(rsi, __qword_ptr[r11]);
        c.add(rsi, __qword_ptr[rdi + RoundedAttentionArguments.OffsetOffset]);
        c.add(r11, 8);
    }

    private static void Advance16(Assembler c, AssemblerRegister64 pointer, AssemblerRegister64 stride)
    {
        for (int i = 0; i < 16; i += 8) c.lea(pointer, __[pointer + (stride * 8)]);
    }
}
