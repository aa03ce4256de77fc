using Iced.Intel;
using Quire.Kernels.Cpu.Linear;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Register tiles of bf16 activations times the codes of a weight with vdpbf16ps on 512-bit registers: codes are whole numbers or float8 numbers, which bf16 holds exactly, or levels rounded to it.</summary>
/// <remarks>A run of inputs under one scale is one chain of pairs from zero; then sum = fma(chain, scale, sum), and where the weight has minima or zeros sum = fma(minimum, sum of the run's
/// activations, sum), zeros as the minimum -zero * scale. Every shape does the same in the same order, so a row has the same bits in any batch.</remarks>
internal static class BFloatCodeEmitter
{
    /// <summary>Bytes of a tile's group as bf16.</summary>
    public const int WideBytes = Packing.Group * Packing.Columns * sizeof(ushort);

    private const int PairBytes = 2 * Packing.Columns * sizeof(ushort);

    // A tile is too short for the machine's own prefetchers to catch up.
    private const int PrefetchBytes = 2048;

    /// <summary>Rows times tiles at most: their chains leave room for two activations, and for what unpacking takes in all and for each tile.</summary>
    public static int MaxChains(PackedFormat format, int tiles) => EmittedCode.Zmm.Length - 2 - (tiles * PerTile(format)) - Constants(format);

    private static int Constants(PackedFormat format) => format.HasNibbles ? 1 : 6;

    // Registers that unpacking takes for each tile in flight.
    private static int PerTile(PackedFormat format) => format.Codes == CodeType.Float8 ? 3 : 2;

    /// <param name="format">Nibbles or bytes.</param>
    /// <param name="isWide">Bytes have been widened to bf16 (<see cref="Widen"/>); only scales are read as packed.</param>
    /// <param name="rows">Rows of the block, at least 1.</param>
    /// <param name="tiles">Column tiles, 1 .. 4; rows * tiles is at most <see cref="MaxChains"/>.</param>
    public static EmittedCode Product(PackedFormat format, bool isWide, int rows, int tiles) => EmittedCode.Assemble(c => new ProductEmitter(c, format, isWide, rows, tiles).Emit());

    /// <summary>Widens runs of one tile's bytes to bf16.</summary>
    public static EmittedCode Widen(PackedFormat format) => EmittedCode.Assemble(c =>
    {
        // rsi codes, rdx destination, r9 runs left, rcx groups left of a run.
        var codes = new CodeRegisters(c, format, firstFree: 0);
        c.mov(rax, __qword_ptr[rdi + BFloatCodeArguments.ConstantsOffset]);
        codes.LoadConstants();
        c.mov(rsi, __qword_ptr[rdi + BFloatCodeArguments.CodesOffset]);
        c.mov(rdx, __qword_ptr[rdi + BFloatCodeArguments.WideOffset]);
        c.mov(r9, __qword_ptr[rdi + BFloatCodeArguments.RunsOffset]);
        Label run = c.CreateLabel(), group = c.CreateLabel();
        c.Label(ref run);
        c.mov(rcx, __qword_ptr[rdi + BFloatCodeArguments.GroupsOffset]);
        c.Label(ref group);
        for (int line = 0; line < format.CodeBytes; line += 64) c.prefetcht0(__byte_ptr[rsi + (PrefetchBytes + line)]);
        for (int pair = 0; pair < Packing.Group / 2; pair++)
        {
            AssemblerRegisterZMM to = codes.Pair(pair, 0, offset => __zmmword_ptr[rsi + offset]);
            c.vmovdqu64(__zmmword_ptr[rdx + (pair * PairBytes)], to);
        }
        c.add(rsi, format.CodeBytes);
        c.add(rdx, WideBytes);
        c.dec(rcx);
        c.jnz(group);
        c.add(rsi, __qword_ptr[rdi + BFloatCodeArguments.CodeGapOffset]);
        c.dec(r9);
        c.jnz(run);
    });

    // Codes of pairs of inputs as bf16: of nibbles pair 4 v + s is inputs 8 v + (0, 2), (4, 6), (1, 3), (5, 7), the order in which they lie in 16-bit words; of bytes (0, 2), (1, 3), (4, 6), (5, 7).
    private readonly struct CodeRegisters(Assembler c, PackedFormat format, int firstFree)
    {
        private readonly AssemblerRegisterZMM[] constants = EmittedCode.Zmm[^Constants(format)..];

        // Constants at rax.
        public void LoadConstants()
        {
            for (int i = 0; i < constants.Length; i++) c.vmovdqu64(constants[i], __zmmword_ptr[rax + (64 * i)]);
            if (format.Codes != CodeType.Bits8) return;
            // The lowest byte of each doubleword.
            c.mov(rax, 0x1111111111111111);
            c.kmovq(k1, rax);
        }

        /// <param name="slot">Of tiles in flight: each has registers of its own.</param>
        /// <param name="at">Codes of the group from an offset on.</param>
        public AssemblerRegisterZMM Pair(int pair, int slot, Func<int, AssemblerMemoryOperand> at)
        {
            AssemblerRegisterZMM[] registers = EmittedCode.Zmm[(firstFree + (slot * PerTile(format)))..];
            if (format.HasNibbles)
            {
                AssemblerRegisterZMM words = registers[0], numbers = registers[1];
                if (pair % 4 == 0) c.vmovdqu64(words, at(16 * pair));
                else c.vpsrlw(words, words, 4);
                // Five bits of an index count: the table holds its numbers twice, so a neighbour's bit needs no masking.
                c.vpermw(numbers, words, constants[0]);
                return numbers;
            }
            AssemblerMemoryOperand bytes = at(64 * (pair / 2));
            if (format.Codes == CodeType.Float8) return Float8(pair % 2, registers[0], registers[1], registers[2], bytes);
            for (int half = 0; half < 2; half++)
            {
                // A byte in the lowest bits of 2^23.
                c.vmovaps(registers[half], constants[4]);
                c.vpermb(registers[half].k1, constants[(2 * (pair % 2)) + half], bytes);
                c.vsubps(registers[half], registers[half], constants[5]);
            }
            c.vcvtne2ps2bf16(registers[0], registers[1], registers[0]);
            return registers[0];
        }

        // Both bytes of each number from tables of 128 magnitudes; then the even ones of four inputs, then the odd ones.
        private AssemblerRegisterZMM Float8(int pair, AssemblerRegisterZMM low, AssemblerRegisterZMM high, AssemblerRegisterZMM numbers, AssemblerMemoryOperand codes)
        {
            const byte orOfAnd = 0xf8, orOfAndNot = 0xf4;
            AssemblerRegisterZMM signs = constants[4], lowBytes = constants[5];
            if (pair == 0)
            {
                c.vmovdqu64(low, codes);
                c.vmovdqa64(high, low);
                c.vpermi2b(low, constants[0], constants[1]);
                c.vpermi2b(high, constants[2], constants[3]);
                c.vpternlogd(high, signs, codes, orOfAnd);
                c.vpsllw(numbers, high, 8);
                c.vpternlogd(numbers, low, lowBytes, orOfAnd);
                return numbers;
            }
            c.vpsrlw(numbers, low, 8);
            c.vpternlogd(numbers, high, lowBytes, orOfAndNot);
            return numbers;
        }
    }

    private sealed class ProductEmitter(Assembler c, PackedFormat format, bool isWide, int rows, int tiles)
    {
        private readonly int recordBytes = BFloatRecords.GroupBytes(rows), operands = rows * tiles;

        private AssemblerRegisterZMM Chain(int row, int tile) => EmittedCode.Zmm[(row * tiles) + tile];

        private AssemblerRegisterZMM Operand(int index) => EmittedCode.Zmm[operands + index];

        // rdi arguments, rsi and r11 = rsi + r10 codes, r10 bytes between tiles, rdx and r9 = rdx + rbp headers, rbp bytes between tiles,
        // r8 records, rax sums, rcx groups left of this run, r12 and r13 = r12 + r10 the next tiles' codes.
        public void Emit()
        {
            AssemblerRegister64[] kept = [rbp, r12, r13];
            foreach (AssemblerRegister64 register in kept) c.push(register);
            var codes = new CodeRegisters(c, format, operands);
            c.mov(rax, __qword_ptr[rdi + BFloatCodeArguments.ConstantsOffset]);
            if (!isWide) codes.LoadConstants();
            c.mov(rsi, __qword_ptr[rdi + BFloatCodeArguments.CodesOffset]);
            c.mov(r10, __qword_ptr[rdi + BFloatCodeArguments.CodeStrideOffset]);
            c.mov(rdx, __qword_ptr[rdi + BFloatCodeArguments.HeadersOffset]);
            c.mov(rbp, __qword_ptr[rdi + BFloatCodeArguments.HeaderStrideOffset]);
            c.mov(r8, __qword_ptr[rdi + BFloatCodeArguments.RecordsOffset]);
            c.mov(rax, __qword_ptr[rdi + BFloatCodeArguments.SumsOffset]);
            c.lea(r11, __[rsi + r10]);
            c.lea(r9, __[rdx + rbp]);
            if (!isWide)
            {
                c.mov(r12, __qword_ptr[rdi + BFloatCodeArguments.NextOffset]);
                c.lea(r13, __[r12 + r10]);
            }

            Label run = c.CreateLabel(), group = c.CreateLabel();
            c.Label(ref run);
            c.mov(rcx, __qword_ptr[rdi + BFloatCodeArguments.GroupsOffset]);
            ForAll((row, tile) => c.vpxord(Chain(row, tile), Chain(row, tile), Chain(row, tile)));
            c.Label(ref group);
            Group(codes);
            c.dec(rcx);
            c.jnz(group);
            Scale();
            c.add(rdx, __qword_ptr[rdi + BFloatCodeArguments.HeaderStepOffset]);
            c.lea(r9, __[rdx + rbp]);
            if (!isWide)
            {
                c.mov(rcx, __qword_ptr[rdi + BFloatCodeArguments.CodeGapOffset]);
                foreach (AssemblerRegister64 register in (AssemblerRegister64[])[rsi, r11, r12, r13]) c.add(register, rcx);
            }
            c.dec(__qword_ptr[rdi + BFloatCodeArguments.RunsOffset]);
            c.jnz(run);

            foreach (AssemblerRegister64 register in kept.Reverse()) c.pop(register);
        }

        private void ForAll(Action<int, int> action)
        {
            for (int row = 0; row < rows; row++)
                for (int tile = 0; tile < tiles; tile++) action(row, tile);
        }

        private void Group(CodeRegisters codes)
        {
            int bytes = isWide ? WideBytes : format.CodeBytes;
            // The tiles after these are multiplied next, and a tile is too short for the machine's own prefetchers to catch up.
            for (int line = 0; line < bytes && !isWide; line += 64)
                for (int tile = 0; tile < tiles; tile++) c.prefetcht0(Address(__byte_ptr, r12, r13, r10, tile, line));
            var weights = new AssemblerRegisterZMM[tiles];
            for (int pair = 0; pair < Packing.Group / 2; pair++)
            {
                for (int tile = 0; tile < tiles; tile++)
                {
                    int at = tile;
                    if (isWide) c.vmovdqu64(weights[tile] = Operand(tile), CodeAddress(tile, pair * PairBytes));
                    else weights[tile] = codes.Pair(pair, tile, offset => CodeAddress(at, offset));
                }
                for (int row = 0; row < rows; row++)
                {
                    int address = (row * BFloatRecords.RowBytes) + (4 * pair);
                    if (tiles == 1)
                    {
                        c.vdpbf16ps(Chain(row, 0), weights[0], __dword_bcst[r8 + address]);
                        continue;
                    }
                    AssemblerRegisterZMM activation = Operand((isWide ? tiles : tiles * PerTile(format)) + (row % 2));
                    c.vbroadcastss(activation, __dword_ptr[r8 + address]);
                    for (int tile = 0; tile < tiles; tile++) c.vdpbf16ps(Chain(row, tile), weights[tile], activation);
                }
            }
            foreach (AssemblerRegister64 register in isWide ? [rsi, r11] : (AssemblerRegister64[])[rsi, r11, r12, r13]) c.add(register, bytes);
            c.add(r8, recordBytes);
        }

        private void Scale()
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                AssemblerRegisterZMM scale = Operand(0), minimum = Operand(1);
                c.LoadScales(scale, format.ScaleType, size => HeaderAddress(size, tile, 0));
                switch (format.Offset)
                {
                    case OffsetType.Minimum:
                        c.LoadScales(minimum, format.ScaleType, size => HeaderAddress(size, tile, format.OffsetStart));
                        break;
                    case OffsetType.Zero:
                        c.vpmovzxbd(minimum, HeaderAddress(__xmmword_ptr, tile, format.OffsetStart));
                        c.vcvtdq2ps(minimum, minimum);
                        c.vmulps(minimum, minimum, scale);
                        break;
                }
                for (int row = 0; row < rows; row++)
                {
                    AssemblerRegisterZMM sum = Chain(row, tile);
                    c.vfmadd213ps(sum, scale, SumAddress(row, tile));
                    // Behind the records of the run's last group.
                    AssemblerMemoryOperand inputs = __dword_bcst[r8 - ((rows - row) * sizeof(float))];
                    if (format.Offset == OffsetType.Minimum) c.vfmadd231ps(sum, minimum, inputs);
                    if (format.Offset == OffsetType.Zero) c.vfnmadd231ps(sum, minimum, inputs);
                    c.vmovups(SumAddress(row, tile), sum);
                }
            }
        }

        private static AssemblerMemoryOperand CodeAddress(int tile, int offset) => Address(__zmmword_ptr, rsi, r11, r10, tile, offset);

        private static AssemblerMemoryOperand HeaderAddress(AssemblerMemoryOperandFactory size, int tile, int offset) => Address(size, rdx, r9, rbp, tile, offset);

        // Of tiles a stride apart; second is first + stride.
        private static AssemblerMemoryOperand Address(AssemblerMemoryOperandFactory size, AssemblerRegister64 first, AssemblerRegister64 second, AssemblerRegister64 stride, int tile, int offset) => tile switch
        {
            0 => size[first + offset],
            1 => size[second + offset],
            2 => size[first + (stride * 2) + offset],
            _ => size[second + (stride * 2) + offset],
        };

        private static AssemblerMemoryOperand SumAddress(int row, int tile) => __zmmword_ptr[rax + (((row * OutputPanels.SumColumns) + (tile * Packing.Columns)) * sizeof(float))];
    }
}
