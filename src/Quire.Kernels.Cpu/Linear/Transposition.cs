using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Sums by column as sums by row, sixteen of each at once.</summary>
internal static unsafe class Transposition
{
    /// <summary>Floats behind the columns that are read and dropped.</summary>
    public const int Overrun = Side;

    private const int Side = 16;

    /// <param name="from">[columns][rows]</param>
    /// <param name="columns">A multiple of 16.</param>
    /// <param name="to">[rows][columns], written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* from, int rows, int columns, float* to)
    {
        for (int row = 0; row < rows; row += Side)
            for (int column = 0; column < columns; column += Side) Block(from + (column * rows) + row, rows, to + (row * columns) + column, columns, Math.Min(Side, rows - row));
    }

    // Fours of lanes first, then fours of registers.
    private static void Block(float* from, int fromStride, float* to, int toStride, int count)
    {
        Vector512<float>* fours = stackalloc Vector512<float>[Side];
        for (int i = 0; i < Side; i += 4)
        {
            Vector512<float> a = Vector512.Load(from + (i * fromStride)), b = Vector512.Load(from + ((i + 1) * fromStride));
            Vector512<float> c = Vector512.Load(from + ((i + 2) * fromStride)), d = Vector512.Load(from + ((i + 3) * fromStride));
            Vector512<double> lowAb = Avx512F.UnpackLow(a, b).AsDouble(), highAb = Avx512F.UnpackHigh(a, b).AsDouble();
            Vector512<double> lowCd = Avx512F.UnpackLow(c, d).AsDouble(), highCd = Avx512F.UnpackHigh(c, d).AsDouble();
            // Quarter q of register r: row 4 q + r of columns i .. i + 3.
            fours[i] = Avx512F.UnpackLow(lowAb, lowCd).AsSingle();
            fours[i + 1] = Avx512F.UnpackHigh(lowAb, lowCd).AsSingle();
            fours[i + 2] = Avx512F.UnpackLow(highAb, highCd).AsSingle();
            fours[i + 3] = Avx512F.UnpackHigh(highAb, highCd).AsSingle();
        }
        for (int r = 0; r < 4; r++)
        {
            Vector512<float> lowLeft = Avx512F.Shuffle4x128(fours[r], fours[4 + r], 0x44), lowRight = Avx512F.Shuffle4x128(fours[8 + r], fours[12 + r], 0x44);
            Vector512<float> highLeft = Avx512F.Shuffle4x128(fours[r], fours[4 + r], 0xee), highRight = Avx512F.Shuffle4x128(fours[8 + r], fours[12 + r], 0xee);
            Store(r, Avx512F.Shuffle4x128(lowLeft, lowRight, 0x88));
            Store(4 + r, Avx512F.Shuffle4x128(lowLeft, lowRight, 0xdd));
            Store(8 + r, Avx512F.Shuffle4x128(highLeft, highRight, 0x88));
            Store(12 + r, Avx512F.Shuffle4x128(highLeft, highRight, 0xdd));
        }

        void Store(int row, Vector512<float> values)
        {
            if (row < count) values.Store(to + (row * toStride));
        }
    }
}
