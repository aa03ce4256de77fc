using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A piece of a packed tile as exact f32: [inputs][16]. The products then have one kernel, whatever the weight's format.</summary>
internal static unsafe class Widening<T>
    where T : unmanaged, ILanes<T>
{
    /// <param name="tile">Start of a tile of 16 output features.</param>
    /// <param name="first">First input feature, a multiple of <see cref="Packing.Group"/>.</param>
    /// <param name="count">Input features to widen; may end inside a group only at the tile's end.</param>
    /// <param name="wide">[count, rounded up to even][16], written.</param>
    public static void Widen(PackedFormat format, byte* tile, long first, int count, float* wide)
    {
        switch (format)
        {
            case PackedFormat.BF16: Bf16((ushort*)tile + (first * Packing.Columns), count, wide); break;
            case PackedFormat.F16: F16((ushort*)tile + (first * Packing.Columns), count, wide); break;
            case PackedFormat.Int4: Int4(tile + (first / Packing.Group * Packing.Int4GroupBytes), count, wide); break;
            case PackedFormat.Int8: Int8(tile + (first / Packing.Group * Packing.Int8GroupBytes), count, wide); break;
            default: throw new ArgumentOutOfRangeException(nameof(format));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Bf16(ushort* source, int count, float* wide)
    {
        for (int k = 0; k < count; k += 2, source += 32, wide += 32)
        {
            T.WidenBf16Pairs(source, out T even, out T odd);
            T.Store(wide, even);
            T.Store(wide + 16, odd);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void F16(ushort* source, int count, float* wide)
    {
        for (int k = 0; k < count; k += 2, source += 32, wide += 32)
        {
            T.WidenF16Pairs(source, out T even, out T odd);
            T.Store(wide, even);
            T.Store(wide + 16, odd);
        }
    }

    // scale * nibble + minimum in one rounding: the product of 4 and 11 bits is exact, so this is the value that the format defines.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Int4(byte* group, int count, float* wide)
    {
        for (int k = 0; k < count; k += Packing.Group, group += Packing.Int4GroupBytes)
        {
            T scale = T.WidenF16((ushort*)group), minimum = T.WidenF16((ushort*)group + Packing.Columns);
            byte* nibbles = group + (4 * Packing.Columns);
            for (int pair = 0; pair < Packing.Group / 2; pair++, nibbles += Packing.Columns, wide += 32)
            {
                T.WidenNibbles(nibbles, out T even, out T odd);
                T.Store(wide, T.Fma(scale, even, minimum));
                T.Store(wide + 16, T.Fma(scale, odd, minimum));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Int8(byte* group, int count, float* wide)
    {
        for (int k = 0; k < count; k += Packing.Group, group += Packing.Int8GroupBytes)
        {
            T scale = T.WidenF16((ushort*)group);
            sbyte* values = (sbyte*)group + (2 * Packing.Columns);
            for (int i = 0; i < Packing.Group; i++, values += Packing.Columns, wide += 16) T.Store(wide, scale * T.WidenInt8(values));
        }
    }
}
