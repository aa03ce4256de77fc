using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>A function of one pointer argument, assembled at run time. The argument arrives in rdi on every system; rax, rcx, rdx, rsi, rdi and
/// r8 - r11, and all vector registers are free to use.</summary>
internal sealed class EmittedCode
{
    private readonly byte[] bytes;
    private nint address;

    private EmittedCode(byte[] bytes) => this.bytes = bytes;

    public static AssemblerRegisterZMM[] Zmm { get; } =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    /// <summary>The machine code, for tests that decode it again: also of instructions that this CPU lacks.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>Entry point, made executable when first asked for.</summary>
    public nint Address
    {
        get
        {
            if (Volatile.Read(ref address) == 0)
            {
                lock (bytes)
                    if (address == 0) Volatile.Write(ref address, ExecutableMemory.Publish(bytes));
            }
            return address;
        }
    }

    public static EmittedCode Assemble(Action<Assembler> body) => Assemble(body, OperatingSystem.IsWindows());

    /// <param name="windows">The calling convention: Windows passes rcx, and callers keep rsi, rdi and xmm6 - xmm15.</param>
    public static EmittedCode Assemble(Action<Assembler> body, bool windows)
    {
        var assembler = new Assembler(64);
        if (windows)
        {
            assembler.push(rsi);
            assembler.push(rdi);
            assembler.sub(rsp, 168);
            for (int i = 0; i < 10; i++) assembler.movups(__xmmword_ptr[rsp + (16 * i)], Saved[i]);
            assembler.mov(rdi, rcx);
        }
        body(assembler);
        assembler.vzeroupper();
        if (windows)
        {
            for (int i = 0; i < 10; i++) assembler.movups(Saved[i], __xmmword_ptr[rsp + (16 * i)]);
            assembler.add(rsp, 168);
            assembler.pop(rdi);
            assembler.pop(rsi);
        }
        assembler.ret();
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), 0);
        return new EmittedCode(stream.ToArray());
    }

    private static AssemblerRegisterXMM[] Saved { get; } = [xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];
}
