using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A piece of a tile of <see cref="Superblocks"/> as exact f32.</summary>
/// <remarks>value = scale * low + (top part * scale - middle * scale) or scale * low - minimum: the products are exact, so that the one sum rounds as the format's definition does.</remarks>
internal static unsafe class SuperblockWidening<T>
    where T : unmanaged, ILanes<T>
{
    private const int Half = Superblocks.Group * Packing.Columns;

    /// <summary>As <see cref="Widening{T}.Widen"/>.</summary>
    public static void Widen(PackedFormat format, byte* tile, int first, int count, float* wide)
    {
        if (format.GroupSize == Packing.Group)
        {
            Groups32(format, tile, first, count, wide);
            return;
        }
        var layout = new Superblocks.Layout(format);
        int bottomBytes = Superblocks.PlaneBytes(Superblocks.Planes(format.Codes).Low);
        bool hasMinima = format.Offset == OffsetType.Minimum, isSix = format.Codes == CodeType.Bits6;
        for (int k = first; k < first + count; k += Packing.Group, wide += 2 * Half)
        {
            byte* superblock = layout.Start(tile, k), codes = layout.Codes(superblock, k);
            uint* words = (uint*)layout.Words(superblock, k), bottom = (uint*)codes, top = (uint*)(codes + bottomBytes);
            int shift = k % 64 / 2;
            T scale = T.WidenF16(Superblocks.Scale(superblock, 0));
            if (hasMinima)
            {
                T minimum = T.Zero - T.WidenF16(Superblocks.Minimum(superblock, 0));
                Sixteen2(bottom, scale * T.WidenBits(words, shift, 15), minimum * T.WidenBits(words, shift + 4, 15), wide);
                Sixteen2(bottom + 16, scale * T.WidenBits(words, shift + 8, 15), minimum * T.WidenBits(words, shift + 12, 15), wide + Half);
                continue;
            }
            T even = scale * (T.WidenBits(words, shift, 255) - T.Broadcast(128)), odd = scale * (T.WidenBits(words, shift + 8, 255) - T.Broadcast(128));
            if (isSix)
            {
                Sixteen6(bottom, top, even, wide);
                Sixteen6(bottom + 32, top + 16, odd, wide + Half);
            }
            else
            {
                Sixteen3(bottom, top, 0, even, wide);
                Sixteen3(bottom + 16, top, 4, odd, wide + Half);
            }
        }
    }

    private static void Groups32(PackedFormat format, byte* tile, int first, int count, float* wide)
    {
        var layout = new Superblocks.Layout(format);
        byte* bytes = stackalloc byte[512];
        for (int k = first; k < first + count; k += Packing.Group, wide += 2 * Half)
        {
            byte* superblock = layout.Start(tile, k), codes = layout.Codes(superblock, k);
            byte* scales = layout.GroupScales(superblock, k);
            SuperblockUnpacking<T>.Scales32(superblock, out T scale, out T minimum);
            (scale, minimum) = (scale * T.WidenBytes(scales), minimum * T.WidenBytes(scales + Packing.Columns));
            if (format.Codes == CodeType.Super4)
            {
                Widening<T>.Affine4(codes, codes + 256, scale, minimum, wide);
                continue;
            }
            SuperblockUnpacking<T>.Unpack5(codes, bytes);
            Widening<T>.Affine8(bytes, bytes + 512, scale, minimum, wide);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sixteen2(uint* pairs, T scale, T minimum, float* wide)
    {
        T.Store(wide, T.Fma(scale, T.WidenBits(pairs, 0, 3), minimum));
        T.Store(wide + 16, T.Fma(scale, T.WidenBits(pairs, 8, 3), minimum));
        T.Store(wide + 32, T.Fma(scale, T.WidenBits(pairs, 16, 3), minimum));
        T.Store(wide + 48, T.Fma(scale, T.WidenBits(pairs, 24, 3), minimum));
        T.Store(wide + 64, T.Fma(scale, T.WidenBits(pairs, 2, 3), minimum));
        T.Store(wide + 80, T.Fma(scale, T.WidenBits(pairs, 10, 3), minimum));
        T.Store(wide + 96, T.Fma(scale, T.WidenBits(pairs, 18, 3), minimum));
        T.Store(wide + 112, T.Fma(scale, T.WidenBits(pairs, 26, 3), minimum));
        T.Store(wide + 128, T.Fma(scale, T.WidenBits(pairs, 4, 3), minimum));
        T.Store(wide + 144, T.Fma(scale, T.WidenBits(pairs, 12, 3), minimum));
        T.Store(wide + 160, T.Fma(scale, T.WidenBits(pairs, 20, 3), minimum));
        T.Store(wide + 176, T.Fma(scale, T.WidenBits(pairs, 28, 3), minimum));
        T.Store(wide + 192, T.Fma(scale, T.WidenBits(pairs, 6, 3), minimum));
        T.Store(wide + 208, T.Fma(scale, T.WidenBits(pairs, 14, 3), minimum));
        T.Store(wide + 224, T.Fma(scale, T.WidenBits(pairs, 22, 3), minimum));
        T.Store(wide + 240, T.Fma(scale, T.WidenBits(pairs, 30, 3), minimum));
    }

    /// <param name="topShift">Where the top bits of these inputs begin in a byte.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteen3(uint* pairs, uint* tops, int topShift, T scale, float* wide)
    {
        T upper = scale * T.Broadcast(4), zero = scale * T.Broadcast(-4);
        T.Store(wide, T.Fma(scale, T.WidenBits(pairs, 0, 3), T.Fma(upper, T.WidenBits(tops, topShift, 1), zero)));
        T.Store(wide + 16, T.Fma(scale, T.WidenBits(pairs, 8, 3), T.Fma(upper, T.WidenBits(tops, topShift + 8, 1), zero)));
        T.Store(wide + 32, T.Fma(scale, T.WidenBits(pairs, 16, 3), T.Fma(upper, T.WidenBits(tops, topShift + 16, 1), zero)));
        T.Store(wide + 48, T.Fma(scale, T.WidenBits(pairs, 24, 3), T.Fma(upper, T.WidenBits(tops, topShift + 24, 1), zero)));
        T.Store(wide + 64, T.Fma(scale, T.WidenBits(pairs, 2, 3), T.Fma(upper, T.WidenBits(tops, topShift + 1, 1), zero)));
        T.Store(wide + 80, T.Fma(scale, T.WidenBits(pairs, 10, 3), T.Fma(upper, T.WidenBits(tops, topShift + 9, 1), zero)));
        T.Store(wide + 96, T.Fma(scale, T.WidenBits(pairs, 18, 3), T.Fma(upper, T.WidenBits(tops, topShift + 17, 1), zero)));
        T.Store(wide + 112, T.Fma(scale, T.WidenBits(pairs, 26, 3), T.Fma(upper, T.WidenBits(tops, topShift + 25, 1), zero)));
        T.Store(wide + 128, T.Fma(scale, T.WidenBits(pairs, 4, 3), T.Fma(upper, T.WidenBits(tops, topShift + 2, 1), zero)));
        T.Store(wide + 144, T.Fma(scale, T.WidenBits(pairs, 12, 3), T.Fma(upper, T.WidenBits(tops, topShift + 10, 1), zero)));
        T.Store(wide + 160, T.Fma(scale, T.WidenBits(pairs, 20, 3), T.Fma(upper, T.WidenBits(tops, topShift + 18, 1), zero)));
        T.Store(wide + 176, T.Fma(scale, T.WidenBits(pairs, 28, 3), T.Fma(upper, T.WidenBits(tops, topShift + 26, 1), zero)));
        T.Store(wide + 192, T.Fma(scale, T.WidenBits(pairs, 6, 3), T.Fma(upper, T.WidenBits(tops, topShift + 3, 1), zero)));
        T.Store(wide + 208, T.Fma(scale, T.WidenBits(pairs, 14, 3), T.Fma(upper, T.WidenBits(tops, topShift + 11, 1), zero)));
        T.Store(wide + 224, T.Fma(scale, T.WidenBits(pairs, 22, 3), T.Fma(upper, T.WidenBits(tops, topShift + 19, 1), zero)));
        T.Store(wide + 240, T.Fma(scale, T.WidenBits(pairs, 30, 3), T.Fma(upper, T.WidenBits(tops, topShift + 27, 1), zero)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sixteen6(uint* nibbles, uint* tops, T scale, float* wide)
    {
        T upper = scale * T.Broadcast(16), zero = scale * T.Broadcast(-32);
        T.Store(wide, T.Fma(scale, T.WidenBits(nibbles, 0, 15), T.Fma(upper, T.WidenBits(tops, 0, 3), zero)));
        T.Store(wide + 16, T.Fma(scale, T.WidenBits(nibbles, 8, 15), T.Fma(upper, T.WidenBits(tops, 8, 3), zero)));
        T.Store(wide + 32, T.Fma(scale, T.WidenBits(nibbles, 16, 15), T.Fma(upper, T.WidenBits(tops, 16, 3), zero)));
        T.Store(wide + 48, T.Fma(scale, T.WidenBits(nibbles, 24, 15), T.Fma(upper, T.WidenBits(tops, 24, 3), zero)));
        T.Store(wide + 64, T.Fma(scale, T.WidenBits(nibbles, 4, 15), T.Fma(upper, T.WidenBits(tops, 2, 3), zero)));
        T.Store(wide + 80, T.Fma(scale, T.WidenBits(nibbles, 12, 15), T.Fma(upper, T.WidenBits(tops, 10, 3), zero)));
        T.Store(wide + 96, T.Fma(scale, T.WidenBits(nibbles, 20, 15), T.Fma(upper, T.WidenBits(tops, 18, 3), zero)));
        T.Store(wide + 112, T.Fma(scale, T.WidenBits(nibbles, 28, 15), T.Fma(upper, T.WidenBits(tops, 26, 3), zero)));
        T.Store(wide + 128, T.Fma(scale, T.WidenBits(nibbles + 16, 0, 15), T.Fma(upper, T.WidenBits(tops, 4, 3), zero)));
        T.Store(wide + 144, T.Fma(scale, T.WidenBits(nibbles + 16, 8, 15), T.Fma(upper, T.WidenBits(tops, 12, 3), zero)));
        T.Store(wide + 160, T.Fma(scale, T.WidenBits(nibbles + 16, 16, 15), T.Fma(upper, T.WidenBits(tops, 20, 3), zero)));
        T.Store(wide + 176, T.Fma(scale, T.WidenBits(nibbles + 16, 24, 15), T.Fma(upper, T.WidenBits(tops, 28, 3), zero)));
        T.Store(wide + 192, T.Fma(scale, T.WidenBits(nibbles + 16, 4, 15), T.Fma(upper, T.WidenBits(tops, 6, 3), zero)));
        T.Store(wide + 208, T.Fma(scale, T.WidenBits(nibbles + 16, 12, 15), T.Fma(upper, T.WidenBits(tops, 14, 3), zero)));
        T.Store(wide + 224, T.Fma(scale, T.WidenBits(nibbles + 16, 20, 15), T.Fma(upper, T.WidenBits(tops, 22, 3), zero)));
        T.Store(wide + 240, T.Fma(scale, T.WidenBits(nibbles + 16, 28, 15), T.Fma(upper, T.WidenBits(tops, 30, 3), zero)));
    }
}
