using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>Rounds f32 rows to int8 by group of 32: scale = largest magnitude / 127, code = x / scale rounded half to even. One item is a few rows.</summary>
/// <param name="columns">Inputs of a row; a last group that is not whole is filled with zeros.</param>
internal readonly unsafe struct ActivationRounding<T>(float* input, int columns, ActivationRows rows) : IJob
    where T : unmanaged, ILanes<T>
{
    private const int RowsPerItem = 4;

    public int Items => (rows.Rows + RowsPerItem - 1) / RowsPerItem;

    public void Run(int item, int worker)
    {
        int end = Math.Min(rows.Rows, (item + 1) * RowsPerItem);
        for (int row = item * RowsPerItem; row < end; row++)
            Round(input + ((long)row * columns), columns, (byte*)rows.Row(row), rows.GroupStride(rows.BlockOf(row)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Round(float* source, int columns, byte* record, int stride)
    {
        int k = 0;
        for (; k + Packing.Group <= columns; k += Packing.Group, record += stride) Round(source + k, (ActivationGroup*)record);
        if (k == columns) return;
        float* rest = stackalloc float[Packing.Group];
        for (int i = 0; i < Packing.Group; i++) rest[i] = k + i < columns ? source[k + i] : 0;
        Round(rest, (ActivationGroup*)record);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(float* source, ActivationGroup* group)
    {
        T a = T.Load(source), b = T.Load(source + 16);
        float largest = T.MaxMagnitude(a, b);
        // Below this the reciprocal overflows; such a group contributes nothing that f32 sums could hold.
        T inverse = T.Broadcast(largest > 1e-35f ? 127 / largest : 0);
        a = T.Round(a * inverse);
        b = T.Round(b * inverse);
        T.StoreInt8(group->Codes, a);
        T.StoreInt8(group->Codes + 16, b);
        float sum = T.Sum(a + b);
        // A NaN or an infinity anywhere makes the scale NaN: the row shows it.
        group->Scale = largest < float.PositiveInfinity ? largest / 127 : float.NaN;
        group->ScaledSum = group->Scale * sum;
        group->Start4 = -8 * (int)sum;
        group->Start8 = -128 * (int)sum;
    }
}
