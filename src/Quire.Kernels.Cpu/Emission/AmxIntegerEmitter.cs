using System.Runtime.InteropServices;
using Iced.Intel;
using Quire.Kernels.Cpu.Linear;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What an int8 product in tile registers works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct AmxIntegerArguments
{
    public const int WeightsOffset = 0, ActivationsOffset = 8, SumsOffset = 16, GroupsOffset = 24, DotsOffset = 32, TileOffset = 40, PlacesOffset = 48, LevelsOffset = 56;

    /// <summary>[groups] records of <see cref="UnpackedGroups"/>; where they are unpacked on the way, written, with room for <see cref="AmxIntegerEmitter.Ahead"/> more.</summary>
    [FieldOffset(WeightsOffset)]
    public byte* Weights;

    /// <summary>[groups] of <see cref="ActivationTiles"/>.</summary>
    [FieldOffset(ActivationsOffset)]
    public byte* Activations;

    /// <summary>[rows][<see cref="OutputPanels.SumColumns"/>], added to.</summary>
    [FieldOffset(SumsOffset)]
    public float* Sums;

    /// <summary>Groups of 32 inputs, at least 1.</summary>
    [FieldOffset(GroupsOffset)]
    public nint Groups;

    /// <summary>Room for <see cref="AmxIntegerEmitter.DotBytes"/>.</summary>
    [FieldOffset(DotsOffset)]
    public byte* Dots;

    /// <summary>The packed tile, where it is unpacked on the way.</summary>
    [FieldOffset(TileOffset)]
    public byte* Tile;

    /// <summary>Of each group, and of as many more as are unpacked ahead.</summary>
    [FieldOffset(PlacesOffset)]
    public GroupPlace* Places;

    /// <summary>Bytes of a <see cref="LevelTable"/>, where the packed tile has levels.</summary>
    [FieldOffset(LevelsOffset)]
    public byte* Levels;
}

/// <summary>Int8 activations times sixteen columns of unpacked codes in tile registers (AMX): a group's dot products are one instruction, and are scaled in vector registers.</summary>
/// <remarks>The order of operations is that of <see cref="IntegerTileEmitter"/>: the same bits.</remarks>
internal static class AmxIntegerEmitter
{
    /// <summary>Two groups' dot products [16][16].</summary>
    public const int DotBytes = 2 * TileBytes;

    public const int MaxRows = AmxTileEmitter.BlockRows;

    /// <summary>Groups that are unpacked before they are multiplied: a tile register cannot load what is still on its way to memory.</summary>
    public const int Ahead = 2;

    private const int TileBytes = 1024;

    // A tile is too short for the machine's own prefetchers to catch up. To the second-level cache only: what waits for a line of the nearest one would hold up the tiles.
    private const int FetchBytes = 6144;

    /// <summary>Palette 1: tiles 0 and 1 are sums; 2 and 3 are the rows' groups of 32 codes; 4 and 5 are a group of the weight, 8 quads of inputs.</summary>
    /// <param name="rows">1 .. <see cref="MaxRows"/></param>
    public static byte[] Configuration(int rows) => AmxTileEmitter.Configuration([(rows, 64), (rows, 64), (rows, Packing.Group), (rows, Packing.Group), (Packing.Group / 4, 64), (Packing.Group / 4, 64)]);

    private static readonly AssemblerRegisterZMM FifthBit = zmm22, FifthBits = zmm23, First = zmm24, Second = zmm25, Nibbles = zmm28;

    // Where codes of 4 bits have no fifth one.
    private static readonly AssemblerRegisterZMM Levels = FifthBits;

    // Of codes around it; else the sign bit.
    private static readonly AssemblerRegisterZMM Middle = zmm29;

    /// <param name="rows">Rows that are scaled and added, 1 .. 16.</param>
    /// <param name="hasMinima">Records hold minima, and codes are unsigned; else codes are signed.</param>
    /// <param name="packed">What records are unpacked from on the way; null where they are there.</param>
    public static EmittedCode Emit(int rows, bool hasMinima, PackedFormat? packed = null) => EmittedCode.Assemble(c =>
    {
        AssemblerRegisterZMM scale = EmittedCode.Zmm[30], minimum = EmittedCode.Zmm[31];
        c.push(rbx);
        if (packed is not null)
        {
            c.push(r12);
            c.push(r13);
            c.push(r14);
            c.mov(r12, __qword_ptr[rdi + AmxIntegerArguments.PlacesOffset]);
            c.mov(r13, __qword_ptr[rdi + AmxIntegerArguments.TileOffset]);
            c.mov(eax, 0x0f0f0f0f);
            c.vpbroadcastd(Nibbles, eax);
            c.mov(eax, hasMinima ? int.MinValue : packed.Value.HasLevelBytes ? unchecked((int)0x80808080) : packed.Value.Middle * 0x01010101);
            c.vpbroadcastd(Middle, eax);
            c.mov(eax, 0x10101010);
            c.vpbroadcastd(FifthBit, eax);
            if (packed.Value.HasLevelBytes)
            {
                c.mov(rax, __qword_ptr[rdi + AmxIntegerArguments.LevelsOffset]);
                c.vbroadcasti32x4(Levels, __xmmword_ptr[rax]);
            }
        }
        c.mov(rsi, __qword_ptr[rdi + AmxIntegerArguments.WeightsOffset]);
        c.mov(r8, __qword_ptr[rdi + AmxIntegerArguments.ActivationsOffset]);
        c.mov(rbx, __qword_ptr[rdi + AmxIntegerArguments.SumsOffset]);
        c.mov(rcx, __qword_ptr[rdi + AmxIntegerArguments.GroupsOffset]);
        c.mov(rdx, __qword_ptr[rdi + AmxIntegerArguments.DotsOffset]);
        c.mov(r9d, Packing.Group);
        c.mov(r11d, 64);
        for (int row = 0; row < rows; row++) c.vmovups(EmittedCode.Zmm[row], SumAddress(row));
        // A group's dot products are on their way through memory while the group before is scaled.
        int groupBytes = UnpackedGroups.Bytes(hasMinima);
        Label pair = c.CreateLabel(), last = c.CreateLabel(), single = c.CreateLabel(), end = c.CreateLabel();
        for (int group = 0; group < Ahead; group++) Unpack(group);
        Dots(0, 0);
        c.sub(rcx, 3);
        c.jl(last);
        c.Label(ref pair);
        Dots(1, 1);
        Scale(0, 0);
        Dots(2, 0);
        Scale(1, 1);
        c.add(rsi, 2 * groupBytes);
        c.add(r8, 2 * ActivationTiles.GroupBytes);
        if (packed is not null) c.add(r12, 2 * GroupPlace.Size);
        c.sub(rcx, 2);
        c.jge(pair);
        c.Label(ref last);
        c.test(ecx, 1);
        c.jz(single);
        Dots(1, 1);
        Scale(0, 0);
        Scale(1, 1);
        c.jmp(end);
        c.Label(ref single);
        Scale(0, 0);
        c.Label(ref end);
        for (int row = 0; row < rows; row++) c.vmovups(SumAddress(row), EmittedCode.Zmm[row]);
        if (packed is not null)
        {
            c.pop(r14);
            c.pop(r13);
            c.pop(r12);
        }
        c.pop(rbx);

        void Dots(int group, int buffer)
        {
            Unpack(group + Ahead);
            AssemblerRegisterTMM dots = buffer == 0 ? tmm0 : tmm1, activations = buffer == 0 ? tmm2 : tmm3, weights = buffer == 0 ? tmm4 : tmm5;
            c.tilezero(dots);
            c.tileloadd(weights, __[rsi + r11 + ((group * groupBytes) + UnpackedGroups.HeaderBytes(hasMinima))]);
            c.tileloadd(activations, __[r8 + r9 + (group * ActivationTiles.GroupBytes)]);
            if (hasMinima) c.tdpbsud(dots, activations, weights);
            else c.tdpbssd(dots, activations, weights);
            c.tilestored(__[rdx + r11 + (buffer * TileBytes)], dots);
        }

        void Unpack(int group)
        {
            if (packed is not { } format) return;
            int record = group * groupBytes, codes = record + UnpackedGroups.HeaderBytes(hasMinima);
            c.mov(eax, __dword_ptr[r12 + ((group * GroupPlace.Size) + GroupPlace.CodesOffset)]);
            c.mov(r10d, __dword_ptr[r12 + ((group * GroupPlace.Size) + GroupPlace.HeaderOffset)]);
            if (format.IsSuperblocks) c.mov(r14d, __dword_ptr[r12 + ((group * GroupPlace.Size) + GroupPlace.ScalesOffset)]);
            for (int line = 0; line < format.CodeBytes + format.HeaderBytes; line += 64) c.prefetcht1(__byte_ptr[r13 + rax + (FetchBytes + line)]);
            Load(First, format, 0);
            if (format.IsSuperblocks) MultiplyBytes(0);
            c.vmovups(__zmmword_ptr[rsi + record], First);
            switch (format.Offset)
            {
                case OffsetType.Minimum:
                    Load(First, format, format.OffsetStart);
                    if (format.IsSuperblocks)
                    {
                        MultiplyBytes(Packing.Columns);
                        c.vpxord(First, First, Middle);
                    }
                    c.vmovups(__zmmword_ptr[rsi + (record + 64)], First);
                    break;
                case OffsetType.Zero:
                    c.vpmovzxbd(Second, __xmmword_ptr[r13 + r10 + format.OffsetStart]);
                    c.vcvtdq2ps(Second, Second);
                    c.vmulps(Second, Second, First);
                    c.vpxord(First, First, First);
                    c.vsubps(First, First, Second);
                    c.vmovups(__zmmword_ptr[rsi + (record + 64)], First);
                    break;
            }
            bool areNibbles = format.Codes != CodeType.Bits8;
            for (int vector = 0; vector < (areNibbles ? 4 : 8); vector++)
            {
                AssemblerRegisterZMM low = vector % 2 == 0 ? First : EmittedCode.Zmm[26], high = vector % 2 == 0 ? Second : EmittedCode.Zmm[27];
                c.vmovdqu64(low, __zmmword_ptr[r13 + rax + (64 * vector)]);
                if (!areNibbles)
                {
                    if (!hasMinima) c.vpsubb(low, low, Middle);
                    c.vmovdqu64(__zmmword_ptr[rsi + (codes + (64 * vector))], low);
                    continue;
                }
                c.vpsrlw(high, low, 4);
                c.vpandd(low, low, Nibbles);
                c.vpandd(high, high, Nibbles);
                if (format.HasLevelBytes)
                {
                    c.vpshufb(low, Levels, low);
                    c.vpshufb(high, Levels, high);
                }
                if (!hasMinima)
                {
                    c.vpsubb(low, low, Middle);
                    c.vpsubb(high, high, Middle);
                }
                if (format.Codes == CodeType.Bits5)
                {
                    AddFifthBits(low, 2 * vector);
                    AddFifthBits(high, (2 * vector) + 1);
                }
                c.vmovdqu64(__zmmword_ptr[rsi + (codes + (128 * vector))], low);
                c.vmovdqu64(__zmmword_ptr[rsi + (codes + (128 * vector) + 64)], high);
            }
        }

        // A superblock's scale or minimum times the group's.
        void MultiplyBytes(int offset)
        {
            c.vpmovzxbd(Second, __xmmword_ptr[r13 + r14 + offset]);
            c.vcvtdq2ps(Second, Second);
            c.vmulps(First, First, Second);
        }

        // Bit `quad` of each byte of the plane becomes bit 4.
        void AddFifthBits(AssemblerRegisterZMM codes, int quad)
        {
            const byte orOfAnd = 0xf8;
            AssemblerMemoryOperand plane = __zmmword_ptr[r13 + rax + 256];
            if (quad < 4) c.vpsllw(FifthBits, plane, (byte)(4 - quad));
            else c.vpsrlw(FifthBits, plane, (byte)(quad - 4));
            c.vpternlogd(codes, FifthBits, FifthBit, orOfAnd);
        }

        void Load(AssemblerRegisterZMM to, PackedFormat format, int offset) => c.LoadScales(to, format.ScaleType, size => size[r13 + r10 + offset]);

        void Scale(int group, int buffer)
        {
            int scales = (group * ActivationTiles.GroupBytes) + ActivationTiles.ScalesOffset, sums = (group * ActivationTiles.GroupBytes) + ActivationTiles.ScaledSumsOffset;
            c.vmovups(scale, __zmmword_ptr[rsi + (group * groupBytes)]);
            if (hasMinima) c.vmovups(minimum, __zmmword_ptr[rsi + ((group * groupBytes) + 64)]);
            for (int row = 0; row < rows; row++)
            {
                AssemblerRegisterZMM dot = EmittedCode.Zmm[16 + (row % 6)], sum = EmittedCode.Zmm[row];
                c.vcvtdq2ps(dot, __zmmword_ptr[rdx + ((buffer * TileBytes) + (64 * row))]);
                c.vmulps(dot, dot, scale);
                c.vfmadd231ps(sum, dot, __dword_bcst[r8 + (scales + (4 * row))]);
                if (hasMinima) c.vfmadd231ps(sum, minimum, __dword_bcst[r8 + (sums + (4 * row))]);
            }
        }

        static AssemblerMemoryOperand SumAddress(int row) => __zmmword_ptr[rbx + (row * OutputPanels.SumColumns * 4)];
    });
}
