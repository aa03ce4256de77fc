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
