using System.Runtime.InteropServices;
using Iced.Intel;
using Quire.Kernels.Cpu.Linear;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What the widening of a coded tile works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal unsafe struct WideningArguments
{
    public const int HeadersOffset = 0, CodesOffset = 8, GroupsPerHeaderOffset = 16, HeadersLeftOffset = 24, ToOffset = 32, NumbersOffset = 40, InterleaveOffset = 48, ColumnsOffset = 56, BytesOffset = 64;

    /// <summary>The first group's header.</summary>
    [FieldOffset(HeadersOffset)]
    public byte* Headers;

    /// <summary>Its codes.</summary>
    [FieldOffset(CodesOffset)]
    public byte* Codes;

    /// <summary>Groups of 32 under a header.</summary>
    [FieldOffset(GroupsPerHeaderOffset)]
    public nint GroupsPerHeader;

    /// <summary>Headers to go through, at least 1.</summary>
    [FieldOffset(HeadersLeftOffset)]
    public nint HeadersLeft;

    /// <summary>[groups][16 pairs][16][2] bf16, written.</summary>
    [FieldOffset(ToOffset)]
    public ushort* To;

    /// <summary>What codes of 4 bits stand for, f32 [16].</summary>
    [FieldOffset(NumbersOffset)]
    public float* Numbers;

    /// <summary>Sixteen times: word i of the first half, word i of the second.</summary>
    [FieldOffset(InterleaveOffset)]
    public ushort* Interleave;

    /// <summary>Of nibbles by column: doublewords 0 of eight columns in two vectors of four columns each, then 1; the same of 2 and 3.</summary>
    [FieldOffset(ColumnsOffset)]
    public uint* Columns;

    /// <summary>Of bytes: columns 0 to 7 twice each, in doublewords, and 8 to 15; then for both halves of the columns which byte of 64 becomes each doubleword of a pair of inputs, the first two of four and the last two: its lowest byte, of float8 its highest.</summary>
    [FieldOffset(BytesOffset)]
    public uint* Bytes;
}

/// <summary>Tiles of codes as bf16, rounded once from the f32 number that they mean: what <see cref="Widening{T}"/> does, with AVX512-BF16's conversion.</summary>
internal static class WideningEmitter
{
    // A tile is too short for the machine's own prefetchers to catch up.
    private const int PrefetchBytes = 2048;

    /// <summary>Nibbles by column or bytes, with a scale for 32 or more inputs.</summary>
    public static bool Has(PackedFormat format) => format.GroupSize >= Packing.Group && (format.ByColumn || format.Codes is CodeType.Bits8 or CodeType.Float8);

    public static EmittedCode Emit(PackedFormat format) => EmittedCode.Assemble(c => new Emitter(c, format).Emit());

    private sealed class Emitter(Assembler c, PackedFormat format)
    {
        private static readonly AssemblerRegisterZMM Numbers = zmm31, Interleave = zmm30, Scale = zmm29, Offset = zmm28, LowDoubles = zmm26, HighDoubles = zmm25;

        // Of bytes, by half of the columns.
        private static readonly AssemblerRegisterZMM[] Twice = [zmm31, zmm30], Scales = [zmm27, zmm26], Offsets = [zmm23, zmm22];

        // Then by pair of inputs.
        private static readonly AssemblerRegisterZMM[] Pairs = [zmm21, zmm20, zmm19, zmm18];

        // Of float8: where sign, exponent and mantissa stand, and 2^120, which moves the exponent's bias from 7 to 127.
        private static readonly AssemblerRegisterZMM Float8Bits = zmm17, Float8Bias = zmm16;

        private bool IsFloat8 => format.Codes == CodeType.Float8;

        private bool HasZeros => format.Offset == OffsetType.Zero;

        private bool IsAdded => format.Offset == OffsetType.Minimum || (HasZeros && format.IsAffine);

        // rsi codes, rdx header, rcx groups left under it, r8 destination, r9 headers left.
        public void Emit()
        {
            c.mov(rsi, __qword_ptr[rdi + WideningArguments.CodesOffset]);
            c.mov(rdx, __qword_ptr[rdi + WideningArguments.HeadersOffset]);
            c.mov(r8, __qword_ptr[rdi + WideningArguments.ToOffset]);
            c.mov(r9, __qword_ptr[rdi + WideningArguments.HeadersLeftOffset]);
            if (format.HasNibbles)
            {
                c.mov(rax, __qword_ptr[rdi + WideningArguments.InterleaveOffset]);
                c.vmovdqu64(Interleave, __zmmword_ptr[rax]);
                c.mov(rax, __qword_ptr[rdi + WideningArguments.NumbersOffset]);
                c.vmovups(Numbers, __zmmword_ptr[rax]);
            }
            else
            {
                c.mov(rax, __qword_ptr[rdi + WideningArguments.BytesOffset]);
                for (int half = 0; half < 2; half++) c.vmovdqu64(Twice[half], __zmmword_ptr[rax + (64 * half)]);
                for (int i = 0; i < 4; i++) c.vmovdqu64(Pairs[i], __zmmword_ptr[rax + (64 * (2 + i))]);
                // The lowest byte of each doubleword, or the highest.
                c.mov(rax, IsFloat8 ? unchecked((long)0x8888888888888888) : 0x1111111111111111);
                c.kmovq(k1, rax);
                if (IsFloat8)
                {
                    c.mov(eax, unchecked((int)0x87f00000));
                    c.vpbroadcastd(Float8Bits, eax);
                    c.mov(eax, BitConverter.SingleToInt32Bits(MathF.ScaleB(1, 120)));
                    c.vpbroadcastd(Float8Bias, eax);
                }
            }
            if (format.ByColumn)
            {
                c.mov(rax, __qword_ptr[rdi + WideningArguments.ColumnsOffset]);
                c.vmovdqu64(LowDoubles, __zmmword_ptr[rax]);
                c.vmovdqu64(HighDoubles, __zmmword_ptr[rax + 64]);
            }
            Label header = c.CreateLabel(), group = c.CreateLabel();
            c.Label(ref header);
            LoadHeader();
            c.mov(rcx, __qword_ptr[rdi + WideningArguments.GroupsPerHeaderOffset]);
            c.Label(ref group);
            for (int line = 0; line < format.CodeBytes; line += 64) c.prefetcht0(__byte_ptr[rsi + (PrefetchBytes + line)]);
            if (format.ByColumn) Columns();
            for (int vector = 0; vector < format.CodeBytes / 64 && !format.ByColumn; vector++)
            {
                AssemblerRegisterZMM words = EmittedCode.Zmm[24 + (vector % 2)];
                c.vmovdqu64(words, __zmmword_ptr[rsi + (64 * vector)]);
                for (int pair = 0; pair < 2; pair++) BytePair(words, pair, (2 * vector) + pair);
            }
            c.add(rsi, format.CodeBytes);
            c.add(r8, Packing.Group * Packing.Columns * sizeof(ushort));
            c.dec(rcx);
            c.jnz(group);
            // The next header follows this one's codes, and its codes follow it.
            c.mov(rdx, rsi);
            c.add(rsi, format.HeaderBytes);
            c.dec(r9);
            c.jnz(header);
        }

        private void LoadHeader()
        {
            Load(Scale, 0);
            switch (format.Offset)
            {
                case OffsetType.Minimum:
                    Load(Offset, format.OffsetStart);
                    break;
                case OffsetType.Zero:
                    c.vpmovzxbd(Offset, __xmmword_ptr[rdx + format.OffsetStart]);
                    c.vcvtdq2ps(Offset, Offset);
                    break;
                case OffsetType.Middle when format.Codes == CodeType.Bits8:
                    c.mov(eax, BitConverter.SingleToInt32Bits(-format.Middle));
                    c.vpbroadcastd(Offset, eax);
                    c.vmulps(Offset, Offset, Scale);
                    break;
            }
            if (HasZeros && format.IsAffine)
            {
                c.vpxord(zmm0, zmm0, zmm0);
                c.vfnmadd213ps(Offset, Scale, zmm0);
            }
            for (int half = 0; half < 2 && !format.HasNibbles; half++)
            {
                c.vpermps(Scales[half], Twice[half], Scale);
                c.vpermps(Offsets[half], Twice[half], Offset);
            }
        }

        private void Load(AssemblerRegisterZMM to, int offset) => c.LoadScales(to, format.ScaleType, size => size[rdx + offset]);

        // Doubleword d of all columns in one register: inputs 2 d + 8 n in nibbles n of its low half, the next ones in its high half.
        private void Columns()
        {
            for (int half = 0; half < 2; half++)
            {
                for (int pair = 0; pair < 2; pair++)
                {
                    AssemblerRegisterZMM first = EmittedCode.Zmm[12 + (2 * half) + pair];
                    c.vmovdqu64(first, __zmmword_ptr[rsi + (128 * pair)]);
                    c.vpermt2d(first, half == 0 ? LowDoubles : HighDoubles, __zmmword_ptr[rsi + (128 * pair) + 64]);
                }
            }
            for (int d = 0; d < 4; d++)
            {
                AssemblerRegisterZMM words = EmittedCode.Zmm[16 + d], left = EmittedCode.Zmm[12 + (d / 2 * 2)], right = EmittedCode.Zmm[13 + (d / 2 * 2)];
                c.vshufi64x2(words, left, right, d % 2 == 0 ? (byte)0x44 : (byte)0xee);
                for (int n = 0; n < 4; n++) Pair(words, 4 * n, (4 * n) + 16, (4 * n) + d);
            }
        }

        // Four pairs in flight: registers 0 - 11.
        private void Pair(AssemblerRegisterZMM words, int evenShift, int oddShift, int pair)
        {
            AssemblerRegisterZMM even = EmittedCode.Zmm[pair % 4 * 3], odd = EmittedCode.Zmm[(pair % 4 * 3) + 1], both = EmittedCode.Zmm[(pair % 4 * 3) + 2];
            Number(even, words, evenShift);
            Number(odd, words, oddShift);
            c.vcvtne2ps2bf16(both, odd, even);
            c.vpermw(both, Interleave, both);
            c.vmovdqu64(__zmmword_ptr[r8 + (64 * pair)], both);
        }

        // Two inputs of half of the columns in the order in which they are stored, so that nothing moves after the conversion.
        private void BytePair(AssemblerRegisterZMM words, int inputs, int pair)
        {
            AssemblerRegisterZMM[] numbers = [EmittedCode.Zmm[pair % 4 * 3], EmittedCode.Zmm[(pair % 4 * 3) + 1]];
            AssemblerRegisterZMM both = EmittedCode.Zmm[(pair % 4 * 3) + 2];
            for (int half = 0; half < 2; half++)
            {
                c.vpermb(numbers[half].k1.z, Pairs[(2 * inputs) + half], words);
                if (IsFloat8)
                {
                    // The sign stays where it is.
                    c.vpsrad(numbers[half], numbers[half], 4);
                    c.vpandd(numbers[half], numbers[half], Float8Bits);
                    c.vmulps(numbers[half], numbers[half], Float8Bias);
                    c.vmulps(numbers[half], numbers[half], Scales[half]);
                    continue;
                }
                c.vcvtdq2ps(numbers[half], numbers[half]);
                if (HasZeros && !IsAdded)
                {
                    c.vsubps(numbers[half], numbers[half], Offsets[half]);
                    c.vmulps(numbers[half], numbers[half], Scales[half]);
                }
                else
                {
                    c.vfmadd213ps(numbers[half], Scales[half], Offsets[half]);
                }
            }
            c.vcvtne2ps2bf16(both, numbers[1], numbers[0]);
            c.vmovdqu64(__zmmword_ptr[r8 + (64 * pair)], both);
        }

        private void Number(AssemblerRegisterZMM to, AssemblerRegisterZMM words, int shift)
        {
            // The four lowest bits of an index count, so neighbours need no masking.
            if (shift > 0) c.vpsrld(to, words, (byte)shift);
            c.vpermps(to, shift > 0 ? to : words, Numbers);
            if (IsAdded)
            {
                c.vfmadd213ps(to, Scale, Offset);
                return;
            }
            if (HasZeros) c.vsubps(to, to, Offset);
            c.vmulps(to, to, Scale);
        }
    }
}
