using Iced.Intel;
using Quire.Tensors;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Scores and weighted values of bf16 rows with vdpbf16ps on 512-bit registers, straight from the cache's blocks, which hold pairs of dimensions of keys and pairs of tokens of values.</summary>
/// <remarks>An element is one chain of pairs from zero, along the head for scores and along the tokens for values: its bits depend on its own row and column alone.</remarks>
internal static class DotAttentionEmitter
{
    /// <summary>Rows of a kernel at most.</summary>
    public const int MaxRows = RowAddresses.MaxRows;

    /// <summary>Blocks of tokens, or of 16 dimensions, of a kernel at most.</summary>
    public const int MaxTiles = 4;

    private const int PairBytes = 2 * KvLayout.BlockTokens * sizeof(ushort);
    private const int Unroll = 4;

    /// <summary>scores[row][16 b + token] = sum over d of query[row][d] * key[b][d][token], for <paramref name="blocks"/> blocks at a time.</summary>
    /// <param name="rows">1 .. <see cref="MaxRows"/></param>
    /// <param name="blocks">1 .. <see cref="MaxTiles"/></param>
    /// <param name="padded">Elements of a head, a multiple of 16.</param>
    /// <param name="fetches">The blocks' values, which lie behind their keys, are fetched meanwhile.</param>
    public static EmittedCode Scores(int rows, int blocks, int padded, bool fetches) => EmittedCode.Assemble(c =>
    {
        AssemblerRegister64[] keys = [rsi, rcx, r8, r9];
        Label group = c.CreateLabel(), pairs = c.CreateLabel();
        c.push(rbx);
        c.push(r12);
        c.mov(r11, __qword_ptr[rdi + RoundedAttentionArguments.BlocksOffset]);
        c.mov(r12, __qword_ptr[rdi + RoundedAttentionArguments.SumsOffset]);
        c.Label(ref group);
        for (int b = 0; b < blocks; b++) c.mov(keys[b], __qword_ptr[r11 + (8 * b)]);
        Zero(c, rows * blocks);
        RowAddresses.Load(c, RoundedAttentionArguments.RowsOffset, RoundedAttentionArguments.RowStrideOffset);
        c.mov(edx, padded / 2 / Unroll);
        c.Label(ref pairs);
        for (int pair = 0; pair < Unroll; pair++)
        {
            int at = pair;
            Dots(c, rows, blocks, 4 * pair, b => __zmmword_ptr[keys[b] + (at * PairBytes)]);
            for (int b = 0; b < blocks && fetches; b++) c.prefetcht0(__byte_ptr[keys[b] + ((padded / 2 * PairBytes) + (pair * PairBytes))]);
        }
        for (int b = 0; b < blocks; b++) c.add(keys[b], Unroll * PairBytes);
        RowAddresses.Advance(c, 4 * Unroll);
        c.dec(edx);
        c.jnz(pairs);
        Store(c, rows, blocks, r12);
        c.add(r12, 64 * blocks);
        c.add(r11, 8 * blocks);
        c.sub(__qword_ptr[rdi + RoundedAttentionArguments.CountOffset], blocks);
        c.jnz(group);
        c.pop(r12);
        c.pop(rbx);
    });

    /// <summary>values[row][16 t + d] = sum over tokens of weight[row][token] * value[token][d], for <paramref name="tiles"/> times 16 dimensions.</summary>
    /// <param name="rows">1 .. <see cref="MaxRows"/></param>
    /// <param name="tiles">1 .. <see cref="MaxTiles"/></param>
    public static EmittedCode Values(int rows, int tiles) => EmittedCode.Assemble(c =>
    {
        Label block = c.CreateLabel();
        c.push(rbx);
        c.mov(r11, __qword_ptr[rdi + RoundedAttentionArguments.BlocksOffset]);
        c.mov(rcx, __qword_ptr[rdi + RoundedAttentionArguments.CountOffset]);
        Zero(c, rows * tiles);
        RowAddresses.Load(c, RoundedAttentionArguments.RowsOffset, RoundedAttentionArguments.RowStrideOffset);
        c.Label(ref block);
        c.mov(rsi, __qword_ptr[r11]);
        c.add(rsi, __qword_ptr[rdi + RoundedAttentionArguments.OffsetOffset]);
        for (int pair = 0; pair < KvLayout.BlockTokens / 2; pair++)
        {
            int at = pair;
            Dots(c, rows, tiles, 4 * pair, t => __zmmword_ptr[rsi + ((t * AmxAttentionEmitter.TileBytes) + (at * PairBytes))]);
        }
        RowAddresses.Advance(c, 2 * KvLayout.BlockTokens);
        c.add(r11, 8);
        c.dec(rcx);
        c.jnz(block);
        c.mov(rdx, __qword_ptr[rdi + RoundedAttentionArguments.SumsOffset]);
        Store(c, rows, tiles, rdx);
        c.pop(rbx);
    });

    private static void Zero(Assembler c, int count)
    {
        for (int i = 0; i < count; i++) c.vpxord(EmittedCode.Zmm[i], EmittedCode.Zmm[i], EmittedCode.Zmm[i]);
    }

    // A pair of all rows times a vector of each tile.
    private static void Dots(Assembler c, int rows, int tiles, int offset, Func<int, AssemblerMemoryOperand> vector)
    {
        for (int tile = 0; tile < tiles; tile++) c.vmovdqu64(EmittedCode.Zmm[24 + tile], vector(tile));
        for (int row = 0; row < rows; row++)
        {
            AssemblerRegisterZMM number = EmittedCode.Zmm[28 + (row % 4)];
            c.vbroadcastss(number, RowAddresses.Of(__dword_ptr, row, offset));
            for (int tile = 0; tile < tiles; tile++) c.vdpbf16ps(EmittedCode.Zmm[(row * tiles) + tile], EmittedCode.Zmm[24 + tile], number);
        }
    }

    private static void Store(Assembler c, int rows, int tiles, AssemblerRegister64 sums)
    {
        c.mov(rdx, sums);
        for (int row = 0; row < rows; row++)
        {
            for (int tile = 0; tile < tiles; tile++) c.vmovups(__zmmword_ptr[rdx + (64 * tile)], EmittedCode.Zmm[(row * tiles) + tile]);
            if (row + 1 < rows) c.add(rdx, __qword_ptr[rdi + RoundedAttentionArguments.SumStrideOffset]);
        }
    }
}
