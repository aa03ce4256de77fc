using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quire.Kernels.Cpu.Simd;

/// <summary>Two 256-bit registers (AVX2 and FMA): lanes 0-7 and 8-15.</summary>
internal readonly unsafe partial struct Avx2Lanes(Vector256<float> low, Vector256<float> high) : ILanes<Avx2Lanes>
{
    private readonly Vector256<float> lo = low, hi = high;

    public static bool IsSupported => Avx2.IsSupported && System.Runtime.Intrinsics.X86.Fma.IsSupported;

    public static int TileColumns => 1;

    public static bool HasEmittedTiles => false;

    public static Avx2Lanes Zero => new(Vector256<float>.Zero, Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Broadcast(float value)
    {
        Vector256<float> all = Vector256.Create(value);
        return new(all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Load(float* source) => new(Vector256.Load(source), Vector256.Load(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Avx2Lanes value)
    {
        value.lo.Store(destination);
        value.hi.Store(destination + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator +(Avx2Lanes a, Avx2Lanes b) => new(a.lo + b.lo, a.hi + b.hi);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator -(Avx2Lanes a, Avx2Lanes b) => new(a.lo - b.lo, a.hi - b.hi);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator *(Avx2Lanes a, Avx2Lanes b) => new(a.lo * b.lo, a.hi * b.hi);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator /(Avx2Lanes a, Avx2Lanes b) => new(a.lo / b.lo, a.hi / b.hi);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Max(Avx2Lanes a, Avx2Lanes b) => new(Avx.Max(a.lo, b.lo), Avx.Max(a.hi, b.hi));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Min(Avx2Lanes a, Avx2Lanes b) => new(Avx.Min(a.lo, b.lo), Avx.Min(a.hi, b.hi));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Fma(Avx2Lanes a, Avx2Lanes b, Avx2Lanes c) =>
        new(System.Runtime.Intrinsics.X86.Fma.MultiplyAdd(a.lo, b.lo, c.lo), System.Runtime.Intrinsics.X86.Fma.MultiplyAdd(a.hi, b.hi, c.hi));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Scale(Avx2Lanes value, Avx2Lanes exponent) => new(
        (value.lo.AsInt32() + (Avx.ConvertToVector256Int32(exponent.lo) << 23)).AsSingle(),
        (value.hi.AsInt32() + (Avx.ConvertToVector256Int32(exponent.hi) << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenBf16Pairs(ushort* source, out Avx2Lanes even, out Avx2Lanes odd)
    {
        Vector256<uint> a = Vector256.Load((uint*)source), b = Vector256.Load((uint*)source + 8), upper = Vector256.Create(0xffff0000u);
        even = new((a << 16).AsSingle(), (b << 16).AsSingle());
        odd = new((a & upper).AsSingle(), (b & upper).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenF16Pairs(ushort* source, out Avx2Lanes even, out Avx2Lanes odd)
    {
        Vector256<uint> a = Vector256.Load((uint*)source), b = Vector256.Load((uint*)source + 8), upper = Vector256.Create(0xffff0000u);
        even = new(FromHalf(a << 16), FromHalf(b << 16));
        odd = new(FromHalf(a & upper), FromHalf(b & upper));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes WidenF16(ushort* source) => new(
        FromHalf(Avx2.ConvertToVector256Int32(Vector128.Load(source)).AsUInt32() << 16),
        FromHalf(Avx2.ConvertToVector256Int32(Vector128.Load(source + 8)).AsUInt32() << 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Round(Avx2Lanes value) => new(Avx.RoundToNearestInteger(value.lo), Avx.RoundToNearestInteger(value.hi));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBf16(ushort* destination, Avx2Lanes value)
    {
        Vector256<ushort> packed = Avx2.PackUnsignedSaturate((RoundedToBf16(value.lo) >>> 16).AsInt32(), (RoundedToBf16(value.hi) >>> 16).AsInt32());
        Avx2.Permute4x64(packed.AsInt64(), 0b11_01_10_00).AsUInt16().Store(destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBf16Pairs(ushort* destination, Avx2Lanes even, Avx2Lanes odd)
    {
        Vector256<uint> upper = Vector256.Create(0xffff0000u);
        ((RoundedToBf16(even.lo) >>> 16) | (RoundedToBf16(odd.lo) & upper)).Store((uint*)destination);
        ((RoundedToBf16(even.hi) >>> 16) | (RoundedToBf16(odd.hi) & upper)).Store((uint*)destination + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RoundedToBf16(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32();
        Vector256<uint> rounded = bits + Vector256.Create(0x7fffu) + ((bits >>> 16) & Vector256.Create(1u));
        return Vector256.ConditionalSelect(Vector256.Equals(value, value).AsUInt32(), rounded, bits | Vector256.Create(0x400000u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt8(sbyte* destination, Avx2Lanes value)
    {
        Vector256<int> a = Avx.ConvertToVector256Int32(value.lo), b = Avx.ConvertToVector256Int32(value.hi);
        Vector128<short> first = Sse2.PackSignedSaturate(a.GetLower(), a.GetUpper()), second = Sse2.PackSignedSaturate(b.GetLower(), b.GetUpper());
        Sse2.PackSignedSaturate(first, second).Store(destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes WidenBf16(ushort* source) => new(
        (Avx2.ConvertToVector256Int32(Vector128.Load(source)) << 16).AsSingle(), (Avx2.ConvertToVector256Int32(Vector128.Load(source + 8)) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes WidenBits(uint* words, int shift, uint mask)
    {
        Vector256<uint> a = (Vector256.Load(words) >>> shift) & Vector256.Create(mask), b = (Vector256.Load(words + 8) >>> shift) & Vector256.Create(mask);
        return new(Avx.ConvertToVector256Single(a.AsInt32()), Avx.ConvertToVector256Single(b.AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes WidenNibbles(uint* words, int shift) => WidenBits(words, shift, 15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes ChooseLevels(uint* words, int shift, float* levels) =>
        new(Choose(Vector256.Load(words) >>> shift, levels), Choose(Vector256.Load(words + 8) >>> shift, levels));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Choose(Vector256<uint> codes, float* levels)
    {
        Vector256<float> low = Avx2.PermuteVar8x32(Vector256.Load(levels), codes.AsInt32()), high = Avx2.PermuteVar8x32(Vector256.Load(levels + 8), codes.AsInt32());
        return Avx.BlendVariable(low, high, (codes << 28).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes WidenE4M3(uint* words, int shift) => new(FromE4M3(Vector256.Load(words) >>> shift), FromE4M3(Vector256.Load(words + 8) >>> shift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FromE4M3(Vector256<uint> codes)
    {
        Vector256<float> magnitude = ((codes & Vector256.Create(0x7fu)) << 20).AsSingle() * Vector256.Create(1.329227995784916e36f);
        return (magnitude.AsUInt32() | ((codes & Vector256.Create(0x80u)) << 24)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes RoundE4M3(Avx2Lanes value) => new(RoundedToE4M3(value.lo), RoundedToE4M3(value.hi));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> RoundedToE4M3(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32(), sign = bits & Vector256.Create(0x80000000u), magnitude = bits ^ sign;
        Vector256<uint> normal = (magnitude + Vector256.Create(0x7ffffu) + ((magnitude >>> 20) & Vector256.Create(1u))) & Vector256.Create(0xfff00000u);
        Vector256<float> shift = Vector256.Create(16384f);
        Vector256<uint> subnormal = (magnitude.AsSingle() + shift - shift).AsUInt32();
        return (Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(0x3c800000u)), subnormal, normal) | sign).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UnpackNibbles(byte* source, byte* low, byte* high)
    {
        Vector256<byte> a = Vector256.Load(source), b = Vector256.Load(source + 32), mask = Vector256.Create((byte)15);
        (a & mask).Store(low);
        (b & mask).Store(low + 32);
        ((a.AsUInt16() >>> 4).AsByte() & mask).Store(high);
        ((b.AsUInt16() >>> 4).AsByte() & mask).Store(high + 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ChooseBytes(byte* source, byte* table, byte* low, byte* high)
    {
        Vector256<byte> a = Vector256.Load(source), b = Vector256.Load(source + 32), mask = Vector256.Create((byte)15), choices = Avx2.BroadcastVector128ToVector256(table);
        Avx2.Shuffle(choices, a & mask).Store(low);
        Avx2.Shuffle(choices, b & mask).Store(low + 32);
        Avx2.Shuffle(choices, (a.AsUInt16() >>> 4).AsByte() & mask).Store(high);
        Avx2.Shuffle(choices, (b.AsUInt16() >>> 4).AsByte() & mask).Store(high + 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes WidenBytes(byte* source) =>
        new(Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(source)), Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(source + 8)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxMagnitude(Avx2Lanes a, Avx2Lanes b)
    {
        Vector256<int> mask = Vector256.Create(0x7fffffff);
        return MaxBits(Avx2.Max(Avx2.Max(a.lo.AsInt32() & mask, a.hi.AsInt32() & mask), Avx2.Max(b.lo.AsInt32() & mask, b.hi.AsInt32() & mask)));
    }

    // Bits of magnitudes order as the numbers do, and NaN above infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float MaxBits(Vector256<int> bits)
    {
        Vector128<int> four = Sse41.Max(bits.GetLower(), bits.GetUpper());
        four = Sse41.Max(four, Sse2.Shuffle(four, 0b01_00_11_10));
        four = Sse41.Max(four, Sse2.Shuffle(four, 0b10_11_00_01));
        return BitConverter.Int32BitsToSingle(four.ToScalar());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Avx2Lanes value) => Sum8(value.lo + value.hi);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Avx2Lanes value) => Max8(Vector256.Max(value.lo, value.hi));

    /// <summary>The last three levels of the tree of <see cref="ILanes{TSelf}.Sum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Sum8(Vector256<float> value) => PortableLanes.Sum4(value.GetLower() + value.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Max8(Vector256<float> value) => PortableLanes.Max4(Vector128.Max(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FromHalf(Vector256<uint> upper)
    {
        Vector256<uint> magnitude = (upper & Vector256.Create(0x7fff0000u)) >>> 3;
        Vector256<float> scaled = magnitude.AsSingle() * Vector256.Create(5.192296858534828e33f);
        return (scaled.AsUInt32() | (upper & Vector256.Create(0x80000000u))).AsSingle();
    }
}
