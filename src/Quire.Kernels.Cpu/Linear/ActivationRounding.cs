using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounds f32 rows to int8 by group of 32: scale = largest magnitude / 127, code = x / scale rounded half to even. One item is a few rows.</summary>
/// <param name="byRow">All groups of a row have the row's largest magnitude / 127, and codes are x divided by it: a checkpoint's dynamic int8 scheme.</param>
/// <param name="columns">Inputs of a row; a last group that is not whole is filled with zeros.</param>
internal readonly unsafe struct ActivationRounding<T, TRows>(float* input, int columns, TRows rows, bool byRow) : IJob
    where T : unmanaged, ILanes<T>
    where TRows : struct, IActivationRows
{
    public int Items => (rows.Rows + TRows.RowsPerItem - 1) / TRows.RowsPerItem;

    public void Run(int item, int worker)
    {
        int end = Math.Min(rows.Rows, (item + 1) * TRows.RowsPerItem);
        for (int row = item * TRows.RowsPerItem; row < end; row++)
        {
            float* source = input + ((long)row * columns);
            Round(source, row, byRow ? Scale(source, columns) : 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Round(float* source, int row, float scale)
    {
        byte* record = rows.Row(row, out int stride);
        int k = 0;
        for (; k + Packing.Group <= columns; k += Packing.Group, record += stride) Round(source + k, record, row, scale);
        if (k == columns) return;
        float* rest = stackalloc float[Packing.Group];
        for (int i = 0; i < Packing.Group; i++) rest[i] = k + i < columns ? source[k + i] : 0;
        Round(rest, record, row, scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Round(float* source, byte* record, int row, float rowScale)
    {
        T a = T.Load(source), b = T.Load(source + 16);
        if (rowScale != 0)
        {
            T divisor = T.Broadcast(rowScale);
            rows.Store(record, row, T.Round(a / divisor), T.Round(b / divisor), rowScale);
            return;
        }
        float largest = T.MaxMagnitude(a, b);
        // Below this the reciprocal overflows; such a group contributes nothing that f32 sums could hold.
        T inverse = T.Broadcast(largest > 1e-35f ? 127 / largest : 0);
        // A NaN or an infinity anywhere makes the scale NaN: the row shows it.
        rows.Store(record, row, T.Round(a * inverse), T.Round(b * inverse), largest < float.PositiveInfinity ? largest / 127 : float.NaN);
    }

    private static float Scale(float* source, int columns)
    {
        float largest = 0;
        int k = 0;
        for (; k + Packing.Group <= columns; k += Packing.Group) largest = Math.Max(largest, T.MaxMagnitude(T.Load(source + k), T.Load(source + k + 16)));
        for (; k < columns; k++) largest = Math.Max(largest, Math.Abs(source[k]));
        return largest < float.PositiveInfinity ? Math.Max(largest / 127, 1e-30f) : float.NaN;
    }
}
