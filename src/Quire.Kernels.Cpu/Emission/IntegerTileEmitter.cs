using Iced.Intel;
using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Register tiles of int8 activations times coded weights with vpdpbusd on 512-bit registers: one function per number of rows and column tiles.</summary>
/// <remarks>A group of 32 inputs is summed exactly in int32, then scaled into the row's f32 sum: sum = fma(dot * weightScale, activationScale, sum), and where the
/// weight has minima or zeros sum = fma(minimum, activationScale * sum of activations, sum), zeros as the minimum -zero * scale. That order
/// is the definition (<see cref="IntegerTiles{T, TDots}"/> has it in C#), so every shape and instruction set gives the same bits.</remarks>
internal static class IntegerTileEmitter
{
    /// <summary>Rows times tiles at most. Integer and float sums both stay in registers where each group is scaled, since sums that go through memory at every group cost a sixth of the rate;
    /// runs are long enough for it, and leave the registers to twice as many integer sums.</summary>
    public static int MaxSums(bool sumsRuns) => sumsRuns ? Registers : Registers / 2;

    private const int Registers = 24;

    /// <param name="format">A coded format of bytes or nibbles, groups of 16 only of bytes around the middle; or superblocks with groups of 32.</param>
    /// <param name="rows">Rows of activations, at least 1.</param>
    /// <param name="tiles">Column tiles, 1 .. 4; rows * tiles is at most <see cref="MaxSums"/>.</param>
    /// <param name="sumsRuns">A header's groups are added before they are scaled: activations have one scale for a row.</param>
    /// <param name="fetchShares">Every how many cache lines of the next tiles one is fetched.</param>
    public static EmittedCode Emit(PackedFormat format, int rows, int tiles, bool sumsRuns = false, int fetchShares = 1) =>
        EmittedCode.Assemble(c => new Emitter(c, format, rows, tiles, sumsRuns, fetchShares).Emit());

    private sealed class Emitter(Assembler c, PackedFormat format, int rows, int tiles, bool sumsRuns, int fetchShares)
    {
        private const int Record = ActivationGroup.Size;
        private const int OperandsStart = Registers;
        private readonly bool nibbles = format.Codes is CodeType.Bits4 or CodeType.Super4 or CodeType.Bits5;

        // Scales and minima of superblocks stay in registers where those suffice, else in memory.
        private readonly bool keepsScales = 2 * tiles * (rows + 1) <= OperandsStart;

        // Integer sums first, float sums behind them, the scales of superblocks, then operands.
        private AssemblerRegisterZMM Dot(int row, int tile) => EmittedCode.Zmm[(row * tiles) + tile];

        // Of runs, from memory and back.
        private AssemblerRegisterZMM Sum(int row, int tile) => sumsRuns ? Operand(2 + (row % 4)) : EmittedCode.Zmm[((rows + row) * tiles) + tile];

        private AssemblerRegisterZMM SuperScale(int tile, int index) => EmittedCode.Zmm[(2 * rows * tiles) + (2 * tile) + index];

        private static AssemblerMemoryOperand SuperScaleAddress(int tile, int index) => __zmmword_ptr[rdi + IntegerTileArguments.ScalesOffset + (((2 * tile) + index) * 64)];

        private static AssemblerRegisterZMM Operand(int index) => EmittedCode.Zmm[OperandsStart + index];

        // rdi arguments, rsi and r11 = rsi + r10 codes, rdx and r9 = rdx + r10 headers, r10 bytes between tiles,
        // r8 activations, rax bytes between their groups, rbx sums, rcx groups left under this header, r12 and r13 = r12 + r10 the next tiles' codes.
        public void Emit()
        {
            c.push(rbx);
            c.push(r12);
            c.push(r13);
            c.mov(rsi, __qword_ptr[rdi + IntegerTileArguments.CodesOffset]);
            c.mov(rdx, __qword_ptr[rdi + IntegerTileArguments.HeadersOffset]);
            c.mov(r10, __qword_ptr[rdi + IntegerTileArguments.TileStrideOffset]);
            c.mov(r8, __qword_ptr[rdi + IntegerTileArguments.ActivationsOffset]);
            c.mov(rax, __qword_ptr[rdi + IntegerTileArguments.ActivationStrideOffset]);
            c.mov(rbx, __qword_ptr[rdi + IntegerTileArguments.SumsOffset]);
            c.lea(r9, __[rdx + r10]);
            c.lea(r11, __[rsi + r10]);
            c.mov(r12, __qword_ptr[rdi + IntegerTileArguments.NextOffset]);
            c.lea(r13, __[r12 + r10]);
            if (nibbles) Broadcast(Mask, 0x0f0f0f0f);
            if (format.Codes == CodeType.Bits5) Broadcast(FifthBit, 0x10101010);
            if (!sumsRuns) ForAll((row, tile) => c.vmovups(Sum(row, tile), SumAddress(row, tile)));

            Label header = c.CreateLabel(), group = c.CreateLabel();
            c.Label(ref header);
            if (format.IsSuperblocks)
            {
                LoadSuperScales();
                c.mov(ecx, Superblocks.Inputs / Superblocks.RunInputs);
            }
            else
            {
                c.mov(rcx, __qword_ptr[rdi + IntegerTileArguments.GroupsPerHeaderOffset]);
                if (sumsRuns) ForAll((row, tile) => c.vpxord(Dot(row, tile), Dot(row, tile), Dot(row, tile)));
            }
            c.Label(ref group);
            if (format.IsSuperblocks) Run();
            else Group();
            c.dec(rcx);
            c.jnz(group);
            if (sumsRuns)
            {
                // The scale is the same in every group of a row.
                c.sub(r8, rax);
                Scale(0);
                c.add(r8, rax);
            }
            // The next header follows this group's codes, and its codes follow it.
            c.mov(rdx, rsi);
            c.lea(r9, __[rdx + r10]);
            Advance(format.HeaderBytes);
            c.dec(__qword_ptr[rdi + IntegerTileArguments.HeadersLeftOffset]);
            c.jnz(header);

            if (!sumsRuns) ForAll((row, tile) => c.vmovups(SumAddress(row, tile), Sum(row, tile)));
            c.pop(r13);
            c.pop(r12);
            c.pop(rbx);
        }

        private void Group()
        {
            Prefetch(0, format.CodeBytes);
            if (format.GroupSize < Packing.Group)
            {
                for (int half = 0; half < 2; half++)
                {
                    Begin(ActivationGroup.StartHalvesOffset + (half * sizeof(int)));
                    ByteDots(half * 4, (half * 4) + 4);
                    Scale(half * Packing.Columns * format.ScaleType.Size());
                }
            }
            else
            {
                int start = nibbles ? ActivationGroup.Start4Offset : ActivationGroup.Start8Offset;
                if (sumsRuns) ForAll((row, tile) => c.vpaddd(Dot(row, tile), Dot(row, tile), __dword_bcst[r8 + ((row * Record) + start)]));
                else Begin(start);
                if (nibbles) NibbleDots(0);
                else ByteDots(0, 8);
                if (!sumsRuns) Scale(0);
            }
            Advance(format.CodeBytes);
            c.add(r8, rax);
        }

        // Two groups of superblocks behind their scales and minima.
        private void Run()
        {
            int end = Superblocks.WordBytes;
            for (int group = 0; group < Superblocks.RunInputs / Packing.Group; group++)
            {
                int codes = end;
                end += format.CodeBytes;
                Prefetch(group == 0 ? 0 : codes, end);
                Begin(0);
                NibbleDots(codes);
                Scale(group * 2 * Packing.Columns);
                c.add(r8, rax);
            }
            Advance(end);
        }

        private void LoadSuperScales()
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                for (int index = 0; index < 2; index++)
                {
                    AssemblerRegisterZMM to = keepsScales ? SuperScale(tile, index) : Operand(0);
                    c.vcvtph2ps(to, HeaderAddress(tile, index * format.OffsetStart, __ymmword_ptr));
                    if (!keepsScales) c.vmovups(SuperScaleAddress(tile, index), to);
                }
            }
        }

        private void Advance(int bytes)
        {
            c.add(rsi, bytes);
            c.add(r11, bytes);
            c.add(r12, bytes);
            c.add(r13, bytes);
        }

        private static AssemblerRegisterZMM Mask => EmittedCode.Zmm[31];

        private static AssemblerRegisterZMM FifthBit => EmittedCode.Zmm[30];

        private void Broadcast(AssemblerRegisterZMM to, int value)
        {
            c.mov(ecx, value);
            c.vpbroadcastd(to, ecx);
        }

        private void ForAll(Action<int, int> action)
        {
            for (int row = 0; row < rows; row++)
                for (int tile = 0; tile < tiles; tile++) action(row, tile);
        }

        // The tiles after these are multiplied next, and a tile is too short for the machine's own prefetchers to catch up. A header's lines come with
        // its neighbours'.
        private void Prefetch(int first, int end)
        {
            int step = 64 * fetchShares;
            for (int tile = 0; tile < tiles; tile++)
                for (int line = (first + step - 1) / step * step; line < end; line += step) c.prefetcht0(Address(__byte_ptr, r12, r13, tile, line));
        }

        // A weight's code stands `middle` above its value: the dot product starts that much below, per activation.
        private void Begin(int start)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int tile = 0; tile < tiles; tile++)
                {
                    if (format.Offset == OffsetType.Middle) c.vpbroadcastd(Dot(row, tile), __dword_ptr[r8 + (row * Record) + start]);
                    else c.vpxord(Dot(row, tile), Dot(row, tile), Dot(row, tile));
                }
            }
        }

        private void NibbleDots(int codes)
        {
            for (int vector = 0; vector < 4; vector++)
            {
                for (int tile = 0; tile < tiles; tile++)
                {
                    (AssemblerRegisterZMM low, AssemblerRegisterZMM high) = (Operand(2 * (tile % 2)), Operand((2 * (tile % 2)) + 1));
                    c.vmovdqu64(high, CodeAddress(tile, codes + (64 * vector)));
                    c.vpandd(low, high, Mask);
                    c.vpsrlw(high, high, 4);
                    c.vpandd(high, high, Mask);
                    if (format.Codes == CodeType.Bits5)
                    {
                        AddFifthBits(low, tile, codes + 256, 2 * vector);
                        AddFifthBits(high, tile, codes + 256, (2 * vector) + 1);
                    }
                    // Two tiles are unpacked, then multiplied by all rows with one broadcast for both.
                    bool isPairEnd = tile % 2 == 1 || tile == tiles - 1;
                    if (!isPairEnd) continue;
                    int first = tile % 2 == 1 ? tile - 1 : tile;
                    Dots(8 * vector, first, tile, t => Operand(2 * (t % 2)));
                    Dots((8 * vector) + 4, first, tile, t => Operand((2 * (t % 2)) + 1));
                }
            }
        }

        // Bit `quad` of each byte of the plane becomes bit 4.
        private void AddFifthBits(AssemblerRegisterZMM codes, int tile, int plane, int quad)
        {
            const byte orOfAnd = 0xf8;
            AssemblerRegisterZMM bits = Operand(4);
            if (quad < 4) c.vpsllw(bits, CodeAddress(tile, plane), (byte)(4 - quad));
            else c.vpsrlw(bits, CodeAddress(tile, plane), (byte)(quad - 4));
            c.vpternlogd(codes, bits, FifthBit, orOfAnd);
        }

        private void ByteDots(int first, int end)
        {
            for (int quad = first; quad < end; quad++)
            {
                for (int tile = 0; tile < tiles; tile++) c.vmovdqu64(Operand(tile), CodeAddress(tile, 64 * quad));
                Dots(4 * quad, 0, tiles - 1, Operand);
            }
        }

        // All rows times the tiles first .. last, for the four inputs at `input`.
        private void Dots(int input, int first, int last, Func<int, AssemblerRegisterZMM> weights)
        {
            for (int row = 0; row < rows; row++)
            {
                int address = (row * Record) + input;
                if (first == last)
                {
                    c.vpdpbusd(Dot(row, first), weights(first), __dword_bcst[r8 + address]);
                    continue;
                }
                AssemblerRegisterZMM activation = Operand(4 + (row % 2));
                c.vpbroadcastd(activation, __dword_ptr[r8 + address]);
                for (int tile = first; tile <= last; tile++) c.vpdpbusd(Dot(row, tile), weights(tile), activation);
            }
        }

        /// <param name="offset">Of the scales in the header.</param>
        private void Scale(int offset)
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                AssemblerRegisterZMM scale = Operand(0), minimum = Operand(1);
                if (format.IsSuperblocks)
                {
                    LoadGroupScales(scale, tile, offset, 0);
                    LoadGroupScales(minimum, tile, offset + Packing.Columns, 1);
                }
                else
                {
                    LoadScales(scale, tile, offset);
                }
                switch (format.Offset)
                {
                    case OffsetType.Minimum when !format.IsSuperblocks:
                        LoadScales(minimum, tile, format.OffsetStart);
                        break;
                    case OffsetType.Zero:
                        c.vpmovzxbd(minimum, HeaderAddress(tile, format.OffsetStart, __xmmword_ptr));
                        c.vcvtdq2ps(minimum, minimum);
                        c.vmulps(minimum, minimum, scale);
                        c.vpxord(Operand(2), Operand(2), Operand(2));
                        c.vsubps(minimum, Operand(2), minimum);
                        break;
                }
                for (int row = 0; row < rows; row++)
                {
                    AssemblerRegisterZMM dot = Dot(row, tile), sum = Sum(row, tile);
                    if (sumsRuns) c.vmovups(sum, SumAddress(row, tile));
                    c.vcvtdq2ps(dot, dot);
                    c.vmulps(dot, dot, scale);
                    c.vfmadd231ps(sum, dot, __dword_bcst[r8 + (row * Record) + ActivationGroup.ScaleOffset]);
                    AssemblerMemoryOperand scaledSum = __dword_bcst[r8 + (row * Record) + ActivationGroup.ScaledSumOffset];
                    if (format.IsSuperblocks) c.vfnmadd231ps(sum, minimum, scaledSum);
                    else if (format.Offset != OffsetType.Middle) c.vfmadd231ps(sum, minimum, scaledSum);
                    if (sumsRuns) c.vmovups(SumAddress(row, tile), sum);
                }
            }
        }

        // Bytes times the superblock's scale or minimum.
        private void LoadGroupScales(AssemblerRegisterZMM to, int tile, int offset, int index)
        {
            c.vpmovzxbd(to, Address(__xmmword_ptr, rsi, r11, tile, offset));
            c.vcvtdq2ps(to, to);
            if (keepsScales) c.vmulps(to, to, SuperScale(tile, index));
            else c.vmulps(to, to, SuperScaleAddress(tile, index));
        }

        private void LoadScales(AssemblerRegisterZMM to, int tile, int offset) => c.LoadScales(to, format.ScaleType, size => HeaderAddress(tile, offset, size));

        private static AssemblerMemoryOperand CodeAddress(int tile, int offset) => Address(__zmmword_ptr, rsi, r11, tile, offset);

        private static AssemblerMemoryOperand HeaderAddress(int tile, int offset, AssemblerMemoryOperandFactory size) => Address(size, rdx, r9, tile, offset);

        // Of tiles r10 bytes apart; second is first + r10.
        private static AssemblerMemoryOperand Address(AssemblerMemoryOperandFactory size, AssemblerRegister64 first, AssemblerRegister64 second, int tile, int offset) => tile switch
        {
            0 => size[first + offset],
            1 => size[second + offset],
            2 => size[first + (r10 * 2) + offset],
            _ => size[second + (r10 * 2) + offset],
        };

        private static AssemblerMemoryOperand SumAddress(int row, int tile) => __zmmword_ptr[rbx + (((row * OutputPanels.SumColumns) + (tile * 16)) * 4)];
    }
}
