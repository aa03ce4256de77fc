using Iced.Intel;
using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Register tiles of int8 activations times coded weights with vpdpbusd on 512-bit registers: one function per number of rows and column tiles.</summary>
/// <remarks>A group of 32 inputs is summed exactly in int32, then scaled into the row's f32 sum: sum = fma(dot * weightScale, activationScale, sum), and where the
/// weight has minima or zeros sum = fma(minimum, activationScale * sum of activations, sum), zeros as the minimum -zero * scale. That order
/// is the definition (<see cref="IntegerTiles{T}"/> has it in C#), so every shape and instruction set gives the same bits.</remarks>
internal static class IntegerTileEmitter
{
    /// <summary>Integer and float sums both stay in registers up to this many pairs; sums that go through memory at every group cost a sixth of the rate.</summary>
    public const int MaxSums = 12;

    /// <param name="format">A coded format of bytes or nibbles; groups of 16 only of bytes around the middle.</param>
    /// <param name="rows">Rows of activations, at least 1.</param>
    /// <param name="tiles">Column tiles, 1 .. 4; rows * tiles is at most <see cref="MaxSums"/>.</param>
    public static EmittedCode Emit(PackedFormat format, int rows, int tiles) => EmittedCode.Assemble(c => new Emitter(c, format, rows, tiles).Emit());

    private sealed class Emitter(Assembler c, PackedFormat format, int rows, int tiles)
    {
        private const int Record = ActivationGroup.Size;
        private readonly bool nibbles = format.Codes == CodeType.Bits4;

        // Integer sums first, float sums behind them, then operands.
        private AssemblerRegisterZMM Dot(int row, int tile) => EmittedCode.Zmm[(row * tiles) + tile];

        private AssemblerRegisterZMM Sum(int row, int tile) => EmittedCode.Zmm[((rows + row) * tiles) + tile];

        private static AssemblerRegisterZMM Operand(int index) => EmittedCode.Zmm[24 + index];

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
            c.lea(r12, tiles switch { 1 => __[rsi + r10], 2 => __[rsi + (r10 * 2)], 3 => __[r11 + (r10 * 2)], _ => __[rsi + (r10 * 4)] });
            c.lea(r13, __[r12 + r10]);
            if (nibbles) BroadcastMask();
            ForAll((row, tile) => c.vmovups(Sum(row, tile), SumAddress(row, tile)));

            Label header = c.CreateLabel(), group = c.CreateLabel();
            c.Label(ref header);
            c.mov(rcx, __qword_ptr[rdi + IntegerTileArguments.GroupsPerHeaderOffset]);
            c.Label(ref group);
            Prefetch();
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
                Begin(nibbles ? ActivationGroup.Start4Offset : ActivationGroup.Start8Offset);
                if (nibbles) NibbleDots();
                else ByteDots(0, 8);
                Scale(0);
            }
            c.add(rsi, format.CodeBytes);
            c.add(r11, format.CodeBytes);
            c.add(r12, format.CodeBytes);
            c.add(r13, format.CodeBytes);
            c.add(r8, rax);
            c.dec(rcx);
            c.jnz(group);
            // The next header follows this group's codes, and its codes follow it.
            c.mov(rdx, rsi);
            c.lea(r9, __[rdx + r10]);
            c.add(rsi, format.HeaderBytes);
            c.add(r11, format.HeaderBytes);
            c.add(r12, format.HeaderBytes);
            c.add(r13, format.HeaderBytes);
            c.dec(__qword_ptr[rdi + IntegerTileArguments.HeadersLeftOffset]);
            c.jnz(header);

            ForAll((row, tile) => c.vmovups(SumAddress(row, tile), Sum(row, tile)));
            c.pop(r13);
            c.pop(r12);
            c.pop(rbx);
        }

        private static AssemblerRegisterZMM Mask => EmittedCode.Zmm[31];

        private void BroadcastMask()
        {
            c.mov(ecx, 0x0f0f0f0f);
            c.vpbroadcastd(Mask, ecx);
        }

        private void ForAll(Action<int, int> action)
        {
            for (int row = 0; row < rows; row++)
                for (int tile = 0; tile < tiles; tile++) action(row, tile);
        }

        // The tiles after these are multiplied next, and a tile is too short for the machine's own prefetchers to catch up. A header's lines come with
        // its neighbours'.
        private void Prefetch()
        {
            for (int tile = 0; tile < tiles; tile++)
                for (int line = 0; line < format.CodeBytes; line += 64) c.prefetcht0(Address(__byte_ptr, r12, r13, tile, line));
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

        private void NibbleDots()
        {
            for (int vector = 0; vector < 4; vector++)
            {
                for (int tile = 0; tile < tiles; tile++)
                {
                    (AssemblerRegisterZMM low, AssemblerRegisterZMM high) = (Operand(2 * (tile % 2)), Operand((2 * (tile % 2)) + 1));
                    c.vmovdqu64(high, CodeAddress(tile, 64 * vector));
                    c.vpandd(low, high, Mask);
                    c.vpsrlw(high, high, 4);
                    c.vpandd(high, high, Mask);
                    // Two tiles are unpacked, then multiplied by all rows with one broadcast for both.
                    bool isPairEnd = tile % 2 == 1 || tile == tiles - 1;
                    if (!isPairEnd) continue;
                    int first = tile % 2 == 1 ? tile - 1 : tile;
                    Dots(8 * vector, first, tile, t => Operand(2 * (t % 2)));
                    Dots((8 * vector) + 4, first, tile, t => Operand((2 * (t % 2)) + 1));
                }
            }
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
                LoadScales(scale, tile, offset);
                switch (format.Offset)
                {
                    case OffsetType.Minimum:
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
                    c.vcvtdq2ps(dot, dot);
                    c.vmulps(dot, dot, scale);
                    c.vfmadd231ps(sum, dot, __dword_bcst[r8 + (row * Record) + ActivationGroup.ScaleOffset]);
                    if (format.Offset != OffsetType.Middle) c.vfmadd231ps(sum, minimum, __dword_bcst[r8 + (row * Record) + ActivationGroup.ScaledSumOffset]);
                }
            }
        }

        private void LoadScales(AssemblerRegisterZMM to, int tile, int offset)
        {
            switch (format.ScaleType)
            {
                case DType.F16:
                    c.vcvtph2ps(to, HeaderAddress(tile, offset, __ymmword_ptr));
                    break;
                case DType.BF16:
                    c.vpmovzxwd(to, HeaderAddress(tile, offset, __ymmword_ptr));
                    c.vpslld(to, to, 16);
                    break;
                default:
                    c.vmovups(to, HeaderAddress(tile, offset, __zmmword_ptr));
                    break;
            }
        }

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

        private static AssemblerMemoryOperand SumAddress(int row, int tile) => __zmmword_ptr[rbx + (((row * IntegerTileArguments.SumColumns) + (tile * 16)) * 4)];
    }
}
