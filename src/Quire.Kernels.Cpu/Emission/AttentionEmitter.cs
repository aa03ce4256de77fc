using System.Runtime.InteropServices;
using Iced.Intel;
using Quire.Tensors;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What an attention kernel of a few query rows works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct AttentionArguments
{
    public const int TableOffset = 0, CacheOffset = 8, BlockBytesOffset = 16, RowsOffset = 24, RowStrideOffset = 32, SumsOffset = 40, SumStrideOffset = 48, CountOffset = 56;

    /// <summary>Block ids.</summary>
    [FieldOffset(TableOffset)]
    public int* Table;

    /// <summary>The head's keys, or a group of 64 of its values' dimensions, in block 0.</summary>
    [FieldOffset(CacheOffset)]
    public byte* Cache;

    /// <summary>Bytes between blocks.</summary>
    [FieldOffset(BlockBytesOffset)]
    public nint BlockBytes;

    /// <summary>Queries [rows][head size], or weights [rows][tokens].</summary>
    [FieldOffset(RowsOffset)]
    public float* Rows;

    /// <summary>Bytes between them.</summary>
    [FieldOffset(RowStrideOffset)]
    public nint RowStride;

    /// <summary>Scores [rows][tokens], written; or values [rows][dimensions], added to.</summary>
    [FieldOffset(SumsOffset)]
    public float* Sums;

    /// <summary>Bytes between them.</summary>
    [FieldOffset(SumStrideOffset)]
    public nint SumStride;

    /// <summary>Groups of blocks for scores, tokens for values; at least 1.</summary>
    [FieldOffset(CountOffset)]
    public nint Count;
}

/// <summary>Scores and weighted values of a few query rows straight from the cache's blocks, widened in registers: decode reads every block once.</summary>
/// <remarks>Each element is one chain of multiply-adds, along the head for scores and along the tokens for values: the bits of
/// <see cref="Linear.RowProducts{T}"/> over widened blocks.</remarks>
internal static class AttentionEmitter
{
    /// <summary>Rows of a kernel at most.</summary>
    public const int MaxRows = RowAddresses.MaxRows;

    /// <summary>Dimensions of a value kernel.</summary>
    public const int ValueColumns = 64;

    private static readonly AssemblerRegisterZMM Even = EmittedCode.Zmm[28], Odd = EmittedCode.Zmm[29], UpperHalf = EmittedCode.Zmm[31];

    /// <summary>scores[row][16 b + token] = sum over d of query[row][d] * key[d][token], for <paramref name="blocks"/> blocks at a time.</summary>
    /// <param name="rows">1 .. <see cref="MaxRows"/></param>
    /// <param name="blocks">1 .. 4</param>
    /// <param name="size">Elements of a head, even.</param>
    public static EmittedCode Scores(DType type, int rows, int blocks, int size) => EmittedCode.Assemble(c =>
    {
        AssemblerRegister64[] keys = [rsi, rcx, r8, r9];
        int headBytes = KvLayout.BlockTokens * ((size + 15) / 16 * 16) * type.Size();
        LoadUpperHalf(c, type);
        Label group = c.CreateLabel(), pair = c.CreateLabel();
        c.push(rbx);
        c.push(r12);
        c.mov(r11, __qword_ptr[rdi + AttentionArguments.TableOffset]);
        c.mov(r12, __qword_ptr[rdi + AttentionArguments.SumsOffset]);
        c.Label(ref group);
        for (int b = 0; b < blocks; b++) BlockAddress(c, keys[b], 4 * b);
        for (int i = 0; i < rows * blocks; i++) c.vpxord(EmittedCode.Zmm[i], EmittedCode.Zmm[i], EmittedCode.Zmm[i]);
        RowAddresses.Load(c, AttentionArguments.RowsOffset, AttentionArguments.RowStrideOffset);
        c.mov(edx, size / 2);
        c.Label(ref pair);
        for (int b = 0; b < blocks; b++)
        {
            LoadPair(c, type, keys[b], 0, true);
            // The block's values lie behind its keys; they are wanted next.
            for (int line = 0; line < PairBytes(type); line += 64) c.prefetcht0(__byte_ptr[keys[b] + (headBytes + line)]);
            for (int row = 0; row < rows; row++) c.vfmadd231ps(EmittedCode.Zmm[(row * blocks) + b], Even, RowAddress(row, 0));
            for (int row = 0; row < rows; row++) c.vfmadd231ps(EmittedCode.Zmm[(row * blocks) + b], Odd, RowAddress(row, 4));
            c.add(keys[b], PairBytes(type));
        }
        RowAddresses.Advance(c, 8);
        c.dec(edx);
        c.jnz(pair);
        c.mov(rdx, r12);
        for (int row = 0; row < rows; row++)
        {
            for (int b = 0; b < blocks; b++) c.vmovups(__zmmword_ptr[rdx + (64 * b)], EmittedCode.Zmm[(row * blocks) + b]);
            if (row + 1 < rows) c.add(rdx, __qword_ptr[rdi + AttentionArguments.SumStrideOffset]);
        }
        c.add(r12, 64 * blocks);
        c.add(r11, 4 * blocks);
        c.dec(__qword_ptr[rdi + AttentionArguments.CountOffset]);
        c.jnz(group);
        c.pop(r12);
        c.pop(rbx);
    });

    /// <summary>values[row][d] += sum over tokens of weight[row][token] * value[token][d], for 64 dimensions (or <paramref name="columns"/> of them).</summary>
    /// <param name="columns">A multiple of 16, at most <see cref="ValueColumns"/>.</param>
    public static EmittedCode Values(DType type, int rows, int columns) => EmittedCode.Assemble(c =>
    {
        int tiles = columns / 16, tileBytes = KvLayout.BlockTokens * 16 * type.Size();
        LoadUpperHalf(c, type);
        Label block = c.CreateLabel(), pair = c.CreateLabel(), single = c.CreateLabel(), next = c.CreateLabel();
        c.push(rbx);
        c.push(r12);
        c.mov(r11, __qword_ptr[rdi + AttentionArguments.TableOffset]);
        c.mov(r8, __qword_ptr[rdi + AttentionArguments.CountOffset]);
        SumRows((tile, address, row) => c.vmovups(EmittedCode.Zmm[(row * tiles) + tile], address));
        RowAddresses.Load(c, AttentionArguments.RowsOffset, AttentionArguments.RowStrideOffset);
        c.Label(ref block);
        BlockAddress(c, rsi, 0);
        c.mov(edx, 16);
        c.cmp(r8, rdx);
        c.cmovl(rdx, r8);
        c.sub(r8, rdx);
        c.mov(ecx, edx);
        c.and(ecx, 1);
        c.shr(edx, 1);
        c.jz(single);
        c.Label(ref pair);
        Token(true);
        RowAddresses.Advance(c, 8);
        c.add(rsi, PairBytes(type));
        c.dec(edx);
        c.jnz(pair);
        c.Label(ref single);
        c.test(ecx, ecx);
        c.jz(next);
        Token(false);
        c.Label(ref next);
        c.add(r11, 4);
        c.test(r8, r8);
        c.jnz(block);
        SumRows((tile, address, row) => c.vmovups(address, EmittedCode.Zmm[(row * tiles) + tile]));
        c.pop(r12);
        c.pop(rbx);

        void Token(bool both)
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                LoadPair(c, type, rsi, tile * tileBytes, both);
                for (int row = 0; row < rows; row++) c.vfmadd231ps(EmittedCode.Zmm[(row * tiles) + tile], Even, RowAddress(row, 0));
                if (!both) continue;
                for (int row = 0; row < rows; row++) c.vfmadd231ps(EmittedCode.Zmm[(row * tiles) + tile], Odd, RowAddress(row, 4));
            }
        }

        void SumRows(Action<int, AssemblerMemoryOperand, int> action)
        {
            c.mov(rdx, __qword_ptr[rdi + AttentionArguments.SumsOffset]);
            for (int row = 0; row < rows; row++)
            {
                for (int tile = 0; tile < tiles; tile++) action(tile, __zmmword_ptr[rdx + (64 * tile)], row);
                if (row + 1 < rows) c.add(rdx, __qword_ptr[rdi + AttentionArguments.SumStrideOffset]);
            }
        }
    });

    private static int PairBytes(DType type) => 2 * 16 * type.Size();

    private static void LoadUpperHalf(Assembler c, DType type)
    {
        if (type != DType.BF16) return;
        c.mov(eax, unchecked((int)0xffff0000));
        c.vpbroadcastd(UpperHalf, eax);
    }

    // Two neighbours of 16 lanes: numbers of both dimensions of a pair, or of both tokens.
    private static void LoadPair(Assembler c, DType type, AssemblerRegister64 at, int offset, bool both)
    {
        if (type == DType.F32)
        {
            c.vmovups(Even, __zmmword_ptr[at + offset]);
            if (both) c.vmovups(Odd, __zmmword_ptr[at + (offset + 64)]);
            return;
        }
        c.vmovdqu64(Odd, __zmmword_ptr[at + offset]);
        c.vpslld(Even, Odd, 16);
        if (both) c.vpandd(Odd, Odd, UpperHalf);
    }

    // to = cache + table[offset / 4] * block bytes; ids are not negative.
    private static void BlockAddress(Assembler c, AssemblerRegister64 to, int offset)
    {
        c.movsxd(to, __dword_ptr[r11 + offset]);
        c.imul(to, __qword_ptr[rdi + AttentionArguments.BlockBytesOffset]);
        c.add(to, __qword_ptr[rdi + AttentionArguments.CacheOffset]);
    }

    private static AssemblerMemoryOperand RowAddress(int row, int offset) => RowAddresses.Of(__dword_bcst, row, offset);
}
