using System.Runtime.CompilerServices;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Kernels.Cpu.Lora;

/// <summary>Reads numbers of one format: two inputs of sixteen output features from a packed tile, or sixteen inputs of one row.</summary>
internal unsafe interface IWeightNumbers<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>Bytes of a pair.</summary>
    static abstract int Size { get; }

    static abstract void Read(byte* source, out T even, out T odd);

    /// <summary>Bytes of a number.</summary>
    static abstract int ElementSize { get; }

    /// <summary>Sixteen numbers behind each other.</summary>
    static abstract T ReadRow(byte* source);
}

/// <summary>f32, [inputs][16].</summary>
internal readonly unsafe struct F32Numbers<T> : IWeightNumbers<T>
    where T : unmanaged, ILanes<T>
{
    public static int Size => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* source, out T even, out T odd) => (even, odd) = (T.Load((float*)source), T.Load((float*)source + 16));

    public static int ElementSize => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ReadRow(byte* source) => T.Load((float*)source);
}

/// <summary>bf16, [inputs / 2][16][2].</summary>
internal readonly unsafe struct Bf16Numbers<T> : IWeightNumbers<T>
    where T : unmanaged, ILanes<T>
{
    public static int Size => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* source, out T even, out T odd) => T.WidenBf16Pairs((ushort*)source, out even, out odd);

    public static int ElementSize => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ReadRow(byte* source) => T.WidenBf16((ushort*)source);
}

/// <summary>Half precision, [inputs / 2][16][2].</summary>
internal readonly unsafe struct F16Numbers<T> : IWeightNumbers<T>
    where T : unmanaged, ILanes<T>
{
    public static int Size => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* source, out T even, out T odd) => T.WidenF16Pairs((ushort*)source, out even, out odd);

    public static int ElementSize => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ReadRow(byte* source) => T.WidenF16((ushort*)source);
}
