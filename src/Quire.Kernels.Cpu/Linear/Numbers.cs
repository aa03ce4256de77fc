using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Linear;

/// <summary>scale * code + minimum of nibbles.</summary>
internal readonly unsafe struct AffineNibbles<T>(T scale, T minimum) : INumbers<AffineNibbles<T>, T>
    where T : unmanaged, ILanes<T>
{
    public static int Inputs => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AffineNibbles<T> Read(in TileLayout layout, byte* header)
    {
        T scale = Widening<T>.Scales(layout.ScaleType, header);
        return new(scale, Widening<T>.Minimum(layout.Offset, layout.ScaleType, layout.Middle, scale, header + layout.OffsetStart));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Number(uint* words, int input) => T.Fma(scale, T.WidenNibbles(words, (input % 4 * 8) + (input / 4 * 4)), minimum);
}

/// <summary>scale * code + minimum of bytes.</summary>
internal readonly unsafe struct AffineBytes<T>(T scale, T minimum) : INumbers<AffineBytes<T>, T>
    where T : unmanaged, ILanes<T>
{
    public static int Inputs => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AffineBytes<T> Read(in TileLayout layout, byte* header)
    {
        T scale = Widening<T>.Scales(layout.ScaleType, header);
        return new(scale, Widening<T>.Minimum(layout.Offset, layout.ScaleType, layout.Middle, scale, header + layout.OffsetStart));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Number(uint* words, int input) => T.Fma(scale, T.WidenBits(words, input * 8, 255), minimum);
}

/// <summary>Nibbles that choose one of sixteen numbers.</summary>
internal readonly unsafe struct LevelNibbles<T>(T scale, nint levels) : INumbers<LevelNibbles<T>, T>
    where T : unmanaged, ILanes<T>
{
    public static int Inputs => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LevelNibbles<T> Read(in TileLayout layout, byte* header) => new(Widening<T>.Scales(layout.ScaleType, header), layout.Levels);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Number(uint* words, int input) => scale * T.ChooseLevels(words, (input % 4 * 8) + (input / 4 * 4), (float*)levels);
}

/// <summary>Bytes of float8 e4m3fn.</summary>
internal readonly unsafe struct Float8Bytes<T>(T scale) : INumbers<Float8Bytes<T>, T>
    where T : unmanaged, ILanes<T>
{
    public static int Inputs => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float8Bytes<T> Read(in TileLayout layout, byte* header) => new(Widening<T>.Scales(layout.ScaleType, header));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Number(uint* words, int input) => scale * T.WidenE4M3(words, input * 8);
}

/// <summary>Pairs of bf16.</summary>
internal readonly unsafe struct BFloatPairNumbers<T> : INumbers<BFloatPairNumbers<T>, T>
    where T : unmanaged, ILanes<T>
{
    public static int Inputs => 2;

    public static BFloatPairNumbers<T> Read(in TileLayout layout, byte* header) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Number(uint* words, int input)
    {
        T.WidenBf16Pairs((ushort*)words, out T even, out T odd);
        return input == 0 ? even : odd;
    }
}

/// <summary>Pairs of half precision.</summary>
internal readonly unsafe struct HalfPairNumbers<T> : INumbers<HalfPairNumbers<T>, T>
    where T : unmanaged, ILanes<T>
{
    public static int Inputs => 2;

    public static HalfPairNumbers<T> Read(in TileLayout layout, byte* header) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Number(uint* words, int input)
    {
        T.WidenF16Pairs((ushort*)words, out T even, out T odd);
        return input == 0 ? even : odd;
    }
}
