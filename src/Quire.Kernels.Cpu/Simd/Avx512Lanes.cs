using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Simd;

/// <summary>One 512-bit register (AVX-512F).</summary>
internal readonly unsafe partial struct Avx512Lanes(Vector512<float> value) : ILanes<Avx512Lanes>
{
    private readonly Vector512<float> v = value;

    public static bool IsSupported => Avx512F.IsSupported;

    public static int TileColumns => 4;

    public static bool HasEmittedTiles => true;

    public static Avx512Lanes Zero => new(Vector512<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Avx512Lanes value) => value.v.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator +(Avx512Lanes a, Avx512Lanes b) => new(a.v + b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator -(Avx512Lanes a, Avx512Lanes b) => new(a.v - b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator *(Avx512Lanes a, Avx512Lanes b) => new(a.v * b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator /(Avx512Lanes a, Avx512Lanes b) => new(a.v / b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Max(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Max(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Min(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Min(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Fma(Avx512Lanes a, Avx512Lanes b, Avx512Lanes c) => new(Avx512F.FusedMultiplyAdd(a.v, b.v, c.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Scale(Avx512Lanes value, Avx512Lanes exponent) =>
        new((value.v.AsInt32() + (Avx512F.ConvertToVector512Int32(exponent.v) << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenBf16Pairs(ushort* source, out Avx512Lanes even, out Avx512Lanes odd)
    {
        Vector512<uint> pairs = Vector512.Load((uint*)source);
        even = new((pairs << 16).AsSingle());
        odd = new((pairs & Vector512.Create(0xffff0000u)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenF16Pairs(ushort* source, out Avx512Lanes even, out Avx512Lanes odd)
    {
        Vector512<uint> pairs = Vector512.Load((uint*)source);
        even = new(FromHalf(pairs << 16));
        odd = new(FromHalf(pairs & Vector512.Create(0xffff0000u)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes WidenF16(ushort* source) =>
        new(FromHalf(Avx512F.ConvertToVector512Int32(Vector256.Load(source)).AsUInt32() << 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Round(Avx512Lanes value) => new(Avx512F.RoundScale(value.v, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBf16(ushort* destination, Avx512Lanes value) => Avx512F.ConvertToVector256UInt16(RoundedToBf16(value.v) >>> 16).Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBf16Pairs(ushort* destination, Avx512Lanes even, Avx512Lanes odd) =>
        ((RoundedToBf16(even.v) >>> 16) | (RoundedToBf16(odd.v) & Vector512.Create(0xffff0000u))).Store((uint*)destination);

    // In the upper half of each word.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> RoundedToBf16(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> rounded = bits + Vector512.Create(0x7fffu) + ((bits >>> 16) & Vector512.Create(1u));
        return Vector512.ConditionalSelect(Vector512.Equals(value, value).AsUInt32(), rounded, bits | Vector512.Create(0x400000u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt8(sbyte* destination, Avx512Lanes value) =>
        Avx512F.ConvertToVector128SByte(Avx512F.ConvertToVector512Int32(value.v)).Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes WidenBf16(ushort* source) => new((Avx512F.ConvertToVector512Int32(Vector256.Load(source)) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes WidenBits(uint* words, int shift, uint mask) =>
        new(Avx512F.ConvertToVector512Single(((Vector512.Load(words) >>> shift) & Vector512.Create(mask)).AsInt32()));

    // A permutation looks at the lowest four bits of each word: it masks and converts at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes WidenNibbles(uint* words, int shift) => new(Avx512F.PermuteVar16x32(
        Vector512.Create(0f, 1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f, 13f, 14f, 15f), (Vector512.Load(words) >>> shift).AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes ChooseLevels(uint* words, int shift, float* levels) =>
        new(Avx512F.PermuteVar16x32(Vector512.Load(levels), (Vector512.Load(words) >>> shift).AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes WidenE4M3(uint* words, int shift)
    {
        Vector512<uint> codes = Vector512.Load(words) >>> shift;
        Vector512<float> magnitude = ((codes & Vector512.Create(0x7fu)) << 20).AsSingle() * Vector512.Create(1.329227995784916e36f);
        return new((magnitude.AsUInt32() | ((codes & Vector512.Create(0x80u)) << 24)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes RoundE4M3(Avx512Lanes value)
    {
        Vector512<uint> bits = value.v.AsUInt32(), sign = bits & Vector512.Create(0x80000000u), magnitude = bits ^ sign;
        Vector512<uint> normal = (magnitude + Vector512.Create(0x7ffffu) + ((magnitude >>> 20) & Vector512.Create(1u))) & Vector512.Create(0xfff00000u);
        Vector512<float> shift = Vector512.Create(16384f);
        Vector512<uint> subnormal = (magnitude.AsSingle() + shift - shift).AsUInt32();
        // A NaN compares as larger than anything: its upper bits stay.
        return new((Vector512.ConditionalSelect(Vector512.LessThan(magnitude, Vector512.Create(0x3c800000u)), subnormal, normal) | sign).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackNibbles(byte* source, byte* low, byte* high)
    {
        Vector512<byte> bytes = Vector512.Load(source), mask = Vector512.Create((byte)15);
        (bytes & mask).Store(low);
        ((bytes.AsUInt16() >>> 4).AsByte() & mask).Store(high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ChooseBytes(byte* source, byte* table, byte* low, byte* high)
    {
        Vector512<byte> bytes = Vector512.Load(source), mask = Vector512.Create((byte)15), choices = Avx512F.BroadcastVector128ToVector512((uint*)table).AsByte();
        Avx512BW.Shuffle(choices, bytes & mask).Store(low);
        Avx512BW.Shuffle(choices, (bytes.AsUInt16() >>> 4).AsByte() & mask).Store(high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes WidenBytes(byte* source) => new(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Vector128.Load(source))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxMagnitude(Avx512Lanes a, Avx512Lanes b)
    {
        Vector512<int> mask = Vector512.Create(0x7fffffff), all = Avx512F.Max(a.v.AsInt32() & mask, b.v.AsInt32() & mask);
        return Avx2Lanes.MaxBits(Avx2.Max(all.GetLower(), all.GetUpper()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Avx512Lanes value) => Avx2Lanes.Sum8(value.v.GetLower() + value.v.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Avx512Lanes value) => Avx2Lanes.Max8(Vector256.Max(value.v.GetLower(), value.v.GetUpper()));

    // The half's bits stand in the upper word: sign stays, exponent and mantissa move three down, and a multiplication by 2^112 moves the
    // exponent's bias from 15 to 127 (subnormals come out right, because the multiplication normalises them).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> FromHalf(Vector512<uint> upper)
    {
        Vector512<uint> magnitude = (upper & Vector512.Create(0x7fff0000u)) >>> 3;
        Vector512<float> scaled = magnitude.AsSingle() * Vector512.Create(5.192296858534828e33f);
        return (scaled.AsUInt32() | (upper & Vector512.Create(0x80000000u))).AsSingle();
    }
}
