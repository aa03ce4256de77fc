using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernels.Cpu.Emission;

/// <summary>Up to six rows at one stride from two pointers: rax is row 0, rbx row 3, r10 the stride.</summary>
internal static class RowAddresses
{
    public const int MaxRows = 6;

    /// <summary>Loads the pointers from the arguments at rdi. The caller keeps rbx.</summary>
    public static void Load(Assembler c, int rowsOffset, int strideOffset)
    {
        c.mov(rax, __qword_ptr[rdi + rowsOffset]);
        c.mov(r10, __qword_ptr[rdi + strideOffset]);
        c.lea(rbx, __[rax + (r10 * 2)]);
        c.add(rbx, r10);
    }

    /// <summary>Moves all rows on.</summary>
    public static void Advance(Assembler c, int bytes)
    {
        c.add(rax, bytes);
        c.add(rbx, bytes);
    }

    public static AssemblerMemoryOperand Of(AssemblerMemoryOperandFactory size, int row, int offset)
    {
        AssemblerRegister64 start = row < 3 ? rax : rbx;
        return (row % 3) switch
        {
            0 => size[start + offset],
            1 => size[start + r10 + offset],
            _ => size[start + (r10 * 2) + offset],
        };
    }
}
