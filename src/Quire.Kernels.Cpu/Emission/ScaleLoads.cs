using Iced.Intel;
using Quire.Tensors;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Scales and minima of a header as f32, whatever they are stored as.</summary>
internal static class ScaleLoads
{
    /// <param name="at">Sixteen of them, as an operand of the given size.</param>
    public static void LoadScales(this Assembler c, AssemblerRegisterZMM to, DType type, Func<AssemblerMemoryOperandFactory, AssemblerMemoryOperand> at)
    {
        switch (type)
        {
            case DType.F16:
                c.vcvtph2ps(to, at(__ymmword_ptr));
                break;
            case DType.BF16:
                c.vpmovzxwd(to, at(__ymmword_ptr));
                c.vpslld(to, to, 16);
                break;
            default:
                c.vmovups(to, at(__zmmword_ptr));
                break;
        }
    }
}
