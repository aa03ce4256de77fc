using System.Runtime.InteropServices;
using Iced.Intel;
using Quire.Kernels.Cpu.Linear;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>What an int8 product in tile registers works on. Spent by the call.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal unsafe struct AmxIntegerArguments
{
    public const int WeightsOffset = 0, ActivationsOffset = 8, SumsOffset = 16, GroupsOffset = 24, DotsOffset = 32;

    /// <summary>[groups] records of <see cref="UnpackedGroups{T}"/>.</summary>
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
}

/// <summary>Int8 activations times sixteen columns of unpacked codes in tile registers (AMX): a group's dot products are one instruction, and are scaled in vector registers.</summary>
/// <remarks>The order of operations is that of <see cref="IntegerTileEmitter"/>: the same bits.</remarks>
internal static class AmxIntegerEmitter
{
    /// <summary>Two groups' dot products [16][16].</summary>
    public const int DotBytes = 2 * TileBytes;

    public const int MaxRows = AmxTileEmitter.BlockRows;

    private const int TileBytes = 1024;

    /// <summary>Palette 1: tiles 0 and 1 are sums; 2 and 3 are 16 rows' groups of 32 codes; 4 and 5 are a group of the weight, 8 quads of inputs.</summary>
    public static byte[] Configuration() => AmxTileEmitter.Configuration([(16, 64), (16, 64), (16, Packing.Group), (16, Packing.Group), (Packing.Group / 4, 64), (Packing.Group / 4, 64)]);

    /// <param name="rows">Rows that are scaled and added, 1 .. 16.</param>
    /// <param name="hasMinima">Records hold minima, and codes are unsigned; else codes are signed.</param>
    public static EmittedCode Emit(int rows, bool hasMinima) => EmittedCode.Assemble(c =>
    {
        AssemblerRegisterZMM scale = EmittedCode.Zmm[30], minimum = EmittedCode.Zmm[31];
        c.push(rbx);
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
        c.pop(rbx);

        void Dots(int group, int buffer)
        {
            AssemblerRegisterTMM dots = buffer == 0 ? tmm0 : tmm1, activations = buffer == 0 ? tmm2 : tmm3, weights = buffer == 0 ? tmm4 : tmm5;
            c.tilezero(dots);
            c.tileloadd(weights, __[rsi + r11 + ((group * groupBytes) + UnpackedGroups.HeaderBytes(hasMinima))]);
            c.tileloadd(activations, __[r8 + r9 + (group * ActivationTiles.GroupBytes)]);
            if (hasMinima) c.tdpbsud(dots, activations, weights);
            else c.tdpbssd(dots, activations, weights);
            c.tilestored(__[rdx + r11 + (buffer * TileBytes)], dots);
        }

        void Scale(int group, int buffer)
        {
            int scales = (group * ActivationTiles.GroupBytes) + ActivationTiles.ScalesOffset, sums = (group * ActivationTiles.GroupBytes) + ActivationTiles.ScaledSumsOffset;
            c.vmovups(scale, __zmmword_ptr[rsi + (group * groupBytes)]);
            if (hasMinima) c.vmovups(minimum, __zmmword_ptr[rsi + ((group * groupBytes) + 64)]);
            for (int row = 0; row < rows; row++)
            {
                AssemblerRegisterZMM dot = EmittedCode.Zmm[16 + (row % 12)], sum = EmittedCode.Zmm[row];
                c.vcvtdq2ps(dot, __zmmword_ptr[rdx + ((buffer * TileBytes) + (64 * row))]);
                c.vmulps(dot, dot, scale);
                c.vfmadd231ps(sum, dot, __dword_bcst[r8 + (scales + (4 * row))]);
                if (hasMinima) c.vfmadd231ps(sum, minimum, __dword_bcst[r8 + (sums + (4 * row))]);
            }
        }

        static AssemblerMemoryOperand SumAddress(int row) => __zmmword_ptr[rbx + (row * OutputPanels.SumColumns * 4)];
    });
}
