using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Loops that do nothing but one kind of multiplication, on registers: the machine's limits, which kernels are judged by.</summary>
internal static unsafe class PeakLoops
{
    private const int Chains = 24;

    public static EmittedCode Fma512() => Loop(zmm => (c, i) => c.vfmadd231ps(zmm[i], zmm[30], zmm[31]));

    public static EmittedCode Bf16Dot512() => Loop(zmm => (c, i) => c.vdpbf16ps(zmm[i], zmm[30], zmm[31]));

    public static EmittedCode Int8Dot512() => Loop(zmm => (c, i) => c.vpdpbusd(zmm[i], zmm[30], zmm[31]));

    /// <summary>bf16 tiles, configured before: 2 x 2 of sums.</summary>
    public static EmittedCode Bf16Tiles() => Tiles((c, sum, a, b) => c.tdpbf16ps(sum, a, b));

    /// <summary>int8 tiles.</summary>
    public static EmittedCode Int8Tiles() => Tiles((c, sum, a, b) => c.tdpbssd(sum, a, b));

    /// <summary>Multiplications and additions of one call per iteration of loops over tiles of 16 x 64 bytes.</summary>
    public static long TileOperations(long iterations, int elementBytes) => iterations * 4 * 2 * 16 * 16 * (64 / elementBytes);

    private static EmittedCode Tiles(Action<Assembler, AssemblerRegisterTMM, AssemblerRegisterTMM, AssemblerRegisterTMM> emit) => EmittedCode.Assemble(c =>
    {
        c.mov(rcx, __qword_ptr[rdi]);
        foreach (AssemblerRegisterTMM tile in (AssemblerRegisterTMM[])[tmm0, tmm1, tmm2, tmm3, tmm4, tmm5, tmm6, tmm7]) c.tilezero(tile);
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        emit(c, tmm0, tmm4, tmm6);
        emit(c, tmm1, tmm4, tmm7);
        emit(c, tmm2, tmm5, tmm6);
        emit(c, tmm3, tmm5, tmm7);
        c.dec(rcx);
        c.jnz(loop);
    });

    /// <summary>Multiplications and additions of one call per iteration of a <paramref name="operations"/>-wide instruction.</summary>
    public static long Operations(long iterations, int operations) => iterations * Chains * operations;

    // rdi points to the number of iterations.
    private static EmittedCode Loop(Func<AssemblerRegisterZMM[], Action<Assembler, int>> instruction)
    {
        Action<Assembler, int> emit = instruction(EmittedCode.Zmm);
        return EmittedCode.Assemble(c =>
        {
            c.mov(rcx, __qword_ptr[rdi]);
            foreach (AssemblerRegisterZMM register in EmittedCode.Zmm) c.vpxord(register, register, register);
            Label loop = c.CreateLabel();
            c.Label(ref loop);
            for (int i = 0; i < Chains; i++) emit(c, i);
            c.dec(rcx);
            c.jnz(loop);
        });
    }
}
