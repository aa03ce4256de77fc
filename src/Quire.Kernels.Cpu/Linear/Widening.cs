using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>A piece of a packed tile as exact f32: [inputs][16]. The f32 products then have one kernel, whatever the weight's format.</summary>
internal static unsafe class Widening<T>
    where T : unmanaged, ILanes<T>
{
    /// <param name="tile">Start of a tile of 16 output features.</param>
    /// <param name="first">First input feature, a multiple of <see cref="Packing.Group"/>.</param>
    /// <param name="count">Input features to widen; may end inside a group only at the tile's end.</param>
    /// <param name="wide">[count, rounded up to a whole group][16], written.</param>
    public static void Widen(PackedFormat format, byte* tile, int first, int count, float* wide)
    {
        switch (format.Codes)
        {
            case CodeType.BF16: Bf16((ushort*)tile + ((long)first * Packing.Columns), count, wide); break;
            case CodeType.F16: F16((ushort*)tile + ((long)first * Packing.Columns), count, wide); break;
            case CodeType.F32: throw new ArgumentOutOfRangeException(nameof(format));
            case >= CodeType.Bits2: SuperblockWidening<T>.Widen(format, tile, first, count, wide); break;
            default: Codes(format, tile, first, count, wide); break;
        }
    }

    /// <summary>A piece of a coded tile rounded to bf16: [inputs / 2][16][2].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WidenToBf16(PackedFormat format, byte* tile, int first, int count, ushort* rounded)
    {
        float* wide = stackalloc float[Packing.Group * Packing.Columns];
        for (int k = 0; k < count; k += Packing.Group)
        {
            Widen(format, tile, first + k, Math.Min(Packing.Group, count - k), wide);
            for (int pair = 0; pair < Packing.Group / 2; pair++, rounded += 32) T.StoreBf16Pairs(rounded, T.Load(wide + (pair * 32)), T.Load(wide + (pair * 32) + 16));
        }
    }

    /// <summary>Sixteen scales of a header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Scales(DType type, byte* source) => type switch
    {
        DType.F16 => T.WidenF16((ushort*)source),
        DType.BF16 => T.WidenBf16((ushort*)source),
        _ => T.Load((float*)source),
    };

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

    private static void Codes(PackedFormat format, byte* tile, int first, int count, float* wide)
    {
        int perHeader = format.HeaderInputs / Packing.Group, scaleBytes = Packing.Columns * format.ScaleType.Size();
        bool isPair = format.GroupSize < Packing.Group;
        byte* quads = stackalloc byte[Packing.Group * Packing.Columns / 2];
        for (int g = first / Packing.Group; count > 0; g++, count -= Packing.Group, wide += Packing.Group * Packing.Columns)
        {
            long header = g / perHeader;
            byte* at = tile + (header * format.HeaderBytes) + (header * perHeader * format.CodeBytes);
            byte* codes = at + format.HeaderBytes + (g % perHeader * format.CodeBytes);
            int bytes = isPair ? format.CodeBytes / 2 : format.CodeBytes;
            if (format.ByColumn)
            {
                ByQuads(codes, quads);
                codes = quads;
            }
            Group(format, codes, bytes, at, at + format.OffsetStart, wide);
            if (isPair)
            {
                byte* offsets = at + format.OffsetStart + (format.Offset == OffsetType.Zero ? Packing.Columns : scaleBytes);
                Group(format, codes + bytes, bytes, at + scaleBytes, offsets, wide + (16 * Packing.Columns));
            }
        }
    }

    // A group of nibbles by column, as they lie elsewhere.
    private static void ByQuads(byte* columns, byte* quads)
    {
        new Span<byte>(quads, Packing.Group * Packing.Columns / 2).Clear();
        for (int column = 0; column < Packing.Columns; column++)
        {
            for (int k = 0; k < Packing.Group; k++)
            {
                (int from, int fromShift) = Packing.Nibble(true, column, k);
                (int to, int toShift) = Packing.Nibble(false, column, k);
                quads[to] |= (byte)(((columns[from] >> fromShift) & 15) << toShift);
            }
        }
    }

    private static void Group(PackedFormat format, byte* codes, int bytes, byte* scales, byte* offsets, float* wide)
    {
        T scale = Scales(format.ScaleType, scales);
        byte* end = codes + bytes;
        switch (format.Codes, format.IsAffine)
        {
            case (CodeType.Bits4, true): Affine4(codes, end, scale, Minimum(format.Offset, format.ScaleType, format.Middle, scale, offsets), wide); break;
            case (CodeType.Bits8, true): Affine8(codes, end, scale, Minimum(format.Offset, format.ScaleType, format.Middle, scale, offsets), wide); break;
            case (CodeType.Bits4, _): Shifted4(codes, end, scale, T.WidenBytes(offsets), wide); break;
            case (CodeType.Bits8, _): Shifted8(codes, end, scale, T.WidenBytes(offsets), wide); break;
            case (CodeType.Levels4, _): Levels(codes, end, scale, (float*)format.Levels, wide); break;
            default: Float8(codes, end, scale, wide); break;
        }
    }

    /// <summary>What is added to scale * code where <see cref="PackedFormat.IsAffine"/>.</summary>
    /// <param name="offsets">Minima or zeros of a header.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Minimum(OffsetType offset, DType type, float middle, T scale, byte* offsets) => offset switch
    {
        OffsetType.Minimum => Scales(type, offsets),
        OffsetType.Zero => T.Zero - (scale * T.WidenBytes(offsets)),
        _ => scale * T.Broadcast(-middle),
    };

    // scale * code + minimum in one rounding: the products are exact, so this is the value that the format defines.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Affine4(byte* codes, byte* end, T scale, T minimum, float* wide)
    {
        for (; codes < end; codes += 64, wide += 128)
        {
            uint* words = (uint*)codes;
            T.Store(wide, T.Fma(scale, T.WidenNibbles(words, 0), minimum));
            T.Store(wide + 16, T.Fma(scale, T.WidenNibbles(words, 8), minimum));
            T.Store(wide + 32, T.Fma(scale, T.WidenNibbles(words, 16), minimum));
            T.Store(wide + 48, T.Fma(scale, T.WidenNibbles(words, 24), minimum));
            T.Store(wide + 64, T.Fma(scale, T.WidenNibbles(words, 4), minimum));
            T.Store(wide + 80, T.Fma(scale, T.WidenNibbles(words, 12), minimum));
            T.Store(wide + 96, T.Fma(scale, T.WidenNibbles(words, 20), minimum));
            T.Store(wide + 112, T.Fma(scale, T.WidenNibbles(words, 28), minimum));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Affine8(byte* codes, byte* end, T scale, T minimum, float* wide)
    {
        for (; codes < end; codes += 64, wide += 64)
        {
            uint* words = (uint*)codes;
            T.Store(wide, T.Fma(scale, T.WidenBits(words, 0, 255), minimum));
            T.Store(wide + 16, T.Fma(scale, T.WidenBits(words, 8, 255), minimum));
            T.Store(wide + 32, T.Fma(scale, T.WidenBits(words, 16, 255), minimum));
            T.Store(wide + 48, T.Fma(scale, T.WidenBits(words, 24, 255), minimum));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Shifted4(byte* codes, byte* end, T scale, T zero, float* wide)
    {
        for (; codes < end; codes += 64, wide += 128)
        {
            uint* words = (uint*)codes;
            T.Store(wide, scale * (T.WidenBits(words, 0, 15) - zero));
            T.Store(wide + 16, scale * (T.WidenBits(words, 8, 15) - zero));
            T.Store(wide + 32, scale * (T.WidenBits(words, 16, 15) - zero));
            T.Store(wide + 48, scale * (T.WidenBits(words, 24, 15) - zero));
            T.Store(wide + 64, scale * (T.WidenBits(words, 4, 15) - zero));
            T.Store(wide + 80, scale * (T.WidenBits(words, 12, 15) - zero));
            T.Store(wide + 96, scale * (T.WidenBits(words, 20, 15) - zero));
            T.Store(wide + 112, scale * (T.WidenBits(words, 28, 15) - zero));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Shifted8(byte* codes, byte* end, T scale, T zero, float* wide)
    {
        for (; codes < end; codes += 64, wide += 64)
        {
            uint* words = (uint*)codes;
            T.Store(wide, scale * (T.WidenBits(words, 0, 255) - zero));
            T.Store(wide + 16, scale * (T.WidenBits(words, 8, 255) - zero));
            T.Store(wide + 32, scale * (T.WidenBits(words, 16, 255) - zero));
            T.Store(wide + 48, scale * (T.WidenBits(words, 24, 255) - zero));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Levels(byte* codes, byte* end, T scale, float* levels, float* wide)
    {
        for (; codes < end; codes += 64, wide += 128)
        {
            uint* words = (uint*)codes;
            T.Store(wide, scale * T.ChooseLevels(words, 0, levels));
            T.Store(wide + 16, scale * T.ChooseLevels(words, 8, levels));
            T.Store(wide + 32, scale * T.ChooseLevels(words, 16, levels));
            T.Store(wide + 48, scale * T.ChooseLevels(words, 24, levels));
            T.Store(wide + 64, scale * T.ChooseLevels(words, 4, levels));
            T.Store(wide + 80, scale * T.ChooseLevels(words, 12, levels));
            T.Store(wide + 96, scale * T.ChooseLevels(words, 20, levels));
            T.Store(wide + 112, scale * T.ChooseLevels(words, 28, levels));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Float8(byte* codes, byte* end, T scale, float* wide)
    {
        for (; codes < end; codes += 64, wide += 64)
        {
            uint* words = (uint*)codes;
            T.Store(wide, scale * T.WidenE4M3(words, 0));
            T.Store(wide + 16, scale * T.WidenE4M3(words, 8));
            T.Store(wide + 32, scale * T.WidenE4M3(words, 16));
            T.Store(wide + 48, scale * T.WidenE4M3(words, 24));
        }
    }
}
