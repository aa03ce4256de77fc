using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounds a few f32 rows to bf16, half to even, and pairs of inputs of all rows beside each other. One item is a piece of all rows' inputs.</summary>
/// <param name="columns">Elements of an input row.</param>
/// <param name="output">[inputs / 2][rows][2], written; inputs past the columns, up to a whole group of 32, are zero.</param>
internal readonly unsafe struct BFloatPairs<T>(float* input, int columns, ushort* output, int rows) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int PieceInputs = 512;

    public int Items => (columns + PieceInputs - 1) / PieceInputs;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int item, int worker)
    {
        ushort* rounded = stackalloc ushort[Packing.Group];
        int first = item * PieceInputs, end = Math.Min(columns, first + PieceInputs);
        for (int row = 0; row < rows; row++)
        {
            float* from = input + ((long)row * columns);
            for (int k = first; k < end; k += Packing.Group)
            {
                if (k + Packing.Group <= columns)
                {
                    T.StoreBf16(rounded, T.Load(from + k));
                    T.StoreBf16(rounded + 16, T.Load(from + k + 16));
                }
                else
                {
                    for (int i = 0; i < Packing.Group; i++) rounded[i] = k + i < columns ? Packing.RoundToBf16(from[k + i]) : (ushort)0;
                }
                uint* to = (uint*)output + ((long)k / 2 * rows) + row;
                for (int pair = 0; pair < Packing.Group / 2; pair++, to += rows) *to = ((uint*)rounded)[pair];
            }
        }
    }
}
