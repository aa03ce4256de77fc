using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Simd;

/// <summary>Four 128-bit vectors of the cross-platform API: any machine, and the definition that the other sets are compared with.</summary>
internal readonly unsafe struct PortableLanes(Vector128<float> v0, Vector128<float> v1, Vector128<float> v2, Vector128<float> v3) : ILanes<PortableLanes>
{
    private readonly Vector128<float> a = v0, b = v1, c = v2, d = v3;

    public static int TileColumns => 1;

    public static bool HasEmittedTiles => false;

    public static PortableLanes Zero => Broadcast(0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Broadcast(float value)
    {
        Vector128<float> all = Vector128.Create(value);
        return new(all, all, all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Load(float* source) =>
        new(Vector128.Load(source), Vector128.Load(source + 4), Vector128.Load(source + 8), Vector128.Load(source + 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, PortableLanes value)
    {
        value.a.Store(destination);
        value.b.Store(destination + 4);
        value.c.Store(destination + 8);
        value.d.Store(destination + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes operator +(PortableLanes x, PortableLanes y) => new(x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes operator -(PortableLanes x, PortableLanes y) => new(x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes operator *(PortableLanes x, PortableLanes y) => new(x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes operator /(PortableLanes x, PortableLanes y) => new(x.a / y.a, x.b / y.b, x.c / y.c, x.d / y.d);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Max(PortableLanes x, PortableLanes y) =>
        new(Vector128.Max(x.a, y.a), Vector128.Max(x.b, y.b), Vector128.Max(x.c, y.c), Vector128.Max(x.d, y.d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Min(PortableLanes x, PortableLanes y) =>
        new(Vector128.Min(x.a, y.a), Vector128.Min(x.b, y.b), Vector128.Min(x.c, y.c), Vector128.Min(x.d, y.d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Fma(PortableLanes x, PortableLanes y, PortableLanes z) => new(
        Vector128.FusedMultiplyAdd(x.a, y.a, z.a), Vector128.FusedMultiplyAdd(x.b, y.b, z.b),
        Vector128.FusedMultiplyAdd(x.c, y.c, z.c), Vector128.FusedMultiplyAdd(x.d, y.d, z.d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Scale(PortableLanes value, PortableLanes exponent) => new(
        Scale4(value.a, exponent.a), Scale4(value.b, exponent.b), Scale4(value.c, exponent.c), Scale4(value.d, exponent.d));

    public static void WidenBf16Pairs(ushort* source, out PortableLanes even, out PortableLanes odd)
    {
        Vector128<uint> upper = Vector128.Create(0xffff0000u);
        uint* s = (uint*)source;
        Vector128<uint> p = Vector128.Load(s), q = Vector128.Load(s + 4), r = Vector128.Load(s + 8), t = Vector128.Load(s + 12);
        even = new((p << 16).AsSingle(), (q << 16).AsSingle(), (r << 16).AsSingle(), (t << 16).AsSingle());
        odd = new((p & upper).AsSingle(), (q & upper).AsSingle(), (r & upper).AsSingle(), (t & upper).AsSingle());
    }

    public static void WidenF16Pairs(ushort* source, out PortableLanes even, out PortableLanes odd)
    {
        float* e = stackalloc float[16], o = stackalloc float[16];
        for (int i = 0; i < 16; i++)
        {
            e[i] = (float)BitConverter.UInt16BitsToHalf(source[2 * i]);
            o[i] = (float)BitConverter.UInt16BitsToHalf(source[(2 * i) + 1]);
        }
        (even, odd) = (Load(e), Load(o));
    }

    public static PortableLanes WidenF16(ushort* source)
    {
        float* wide = stackalloc float[16];
        for (int i = 0; i < 16; i++) wide[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
        return Load(wide);
    }

    public static PortableLanes Round(PortableLanes value)
    {
        float* lanes = stackalloc float[16];
        Store(lanes, value);
        for (int i = 0; i < 16; i++) lanes[i] = MathF.Round(lanes[i]);
        return Load(lanes);
    }

    public static void StoreBf16(ushort* destination, PortableLanes value)
    {
        float* lanes = stackalloc float[16];
        Store(lanes, value);
        for (int i = 0; i < 16; i++) destination[i] = Packing.RoundToBf16(lanes[i]);
    }

    public static void StoreBf16Pairs(ushort* destination, PortableLanes even, PortableLanes odd)
    {
        float* e = stackalloc float[16], o = stackalloc float[16];
        Store(e, even);
        Store(o, odd);
        for (int i = 0; i < 16; i++) (destination[2 * i], destination[(2 * i) + 1]) = (Packing.RoundToBf16(e[i]), Packing.RoundToBf16(o[i]));
    }

    public static void StoreInt8(sbyte* destination, PortableLanes value)
    {
        float* lanes = stackalloc float[16];
        Store(lanes, value);
        for (int i = 0; i < 16; i++) destination[i] = (sbyte)lanes[i];
    }

    public static PortableLanes WidenBf16(ushort* source)
    {
        float* wide = stackalloc float[16];
        for (int i = 0; i < 16; i++) wide[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
        return Load(wide);
    }

    public static PortableLanes WidenBits(uint* words, int shift, uint mask)
    {
        float* lanes = stackalloc float[16];
        for (int i = 0; i < 16; i++) lanes[i] = (words[i] >> shift) & mask;
        return Load(lanes);
    }

    public static PortableLanes WidenNibbles(uint* words, int shift) => WidenBits(words, shift, 15);

    public static PortableLanes ChooseLevels(uint* words, int shift, float* levels)
    {
        float* lanes = stackalloc float[16];
        for (int i = 0; i < 16; i++) lanes[i] = levels[(words[i] >> shift) & 15];
        return Load(lanes);
    }

    public static PortableLanes WidenE4M3(uint* words, int shift)
    {
        float* lanes = stackalloc float[16];
        for (int i = 0; i < 16; i++) lanes[i] = Float8.WidenE4M3((byte)(words[i] >> shift));
        return Load(lanes);
    }

    public static PortableLanes RoundE4M3(PortableLanes value)
    {
        float* lanes = stackalloc float[16];
        Store(lanes, value);
        for (int i = 0; i < 16; i++) lanes[i] = Float8.WidenE4M3(Float8.RoundE4M3(lanes[i]));
        return Load(lanes);
    }

    public static void UnpackNibbles(byte* source, byte* low, byte* high)
    {
        for (int i = 0; i < 64; i++) (low[i], high[i]) = ((byte)(source[i] & 15), (byte)(source[i] >> 4));
    }

    public static void ChooseBytes(byte* source, byte* table, byte* low, byte* high)
    {
        for (int i = 0; i < 64; i++) (low[i], high[i]) = (table[source[i] & 15], table[source[i] >> 4]);
    }

    public static PortableLanes WidenBytes(byte* source)
    {
        float* lanes = stackalloc float[16];
        for (int i = 0; i < 16; i++) lanes[i] = source[i];
        return Load(lanes);
    }

    public static Int8Instructions Instructions => Int8Instructions.None;

    public static void Dot(byte* codes, ActivationGroup* activations, int groups, int rows, bool areNibbles, int middle, PortableLanes* dots)
    {
        float* lanes = stackalloc float[16];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < 16; column++)
            {
                int sum = 0;
                for (int g = 0; g < groups; g++)
                    for (int k = 0; k < 32; k++) sum += (codes[(g * 512) + (k / 4 * 64) + (column * 4) + (k % 4)] - middle) * activations[(g * rows) + row].Codes[k];
                lanes[column] = sum;
            }
            dots[row] = Load(lanes);
        }
    }

    public static PortableLanes DotNibbles(byte* codes, ActivationGroup* activations, int middle)
    {
        float* lanes = stackalloc float[16];
        for (int column = 0; column < 16; column++)
        {
            int sum = 0;
            for (int k = 0; k < 32; k++) sum += (((codes[(k / 8 * 64) + (column * 4) + (k % 4)] >> (k % 8 / 4 * 4)) & 15) - middle) * activations->Codes[k];
            lanes[column] = sum;
        }
        return Load(lanes);
    }

    public static void DotHalf(byte* codes, ActivationGroup* activations, int half, int rows, PortableLanes* dots)
    {
        float* lanes = stackalloc float[16];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < 16; column++)
            {
                int sum = 0;
                for (int k = 0; k < 16; k++) sum += (codes[(k / 4 * 64) + (column * 4) + (k % 4)] - 128) * activations[row].Codes[(16 * half) + k];
                lanes[column] = sum;
            }
            dots[row] = Load(lanes);
        }
    }

    public static float MaxMagnitude(PortableLanes a, PortableLanes b)
    {
        float* lanes = stackalloc float[32];
        Store(lanes, a);
        Store(lanes + 16, b);
        int largest = 0;
        for (int i = 0; i < 32; i++) largest = Math.Max(largest, BitConverter.SingleToInt32Bits(lanes[i]) & 0x7fffffff);
        return BitConverter.Int32BitsToSingle(largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(PortableLanes value) => Sum4((value.a + value.c) + (value.b + value.d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(PortableLanes value) => Max4(Vector128.Max(Vector128.Max(value.a, value.c), Vector128.Max(value.b, value.d)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Sum4(Vector128<float> value) => (value[0] + value[2]) + (value[1] + value[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Max4(Vector128<float> value) => Math.Max(Math.Max(value[0], value[2]), Math.Max(value[1], value[3]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Scale4(Vector128<float> value, Vector128<float> exponent) =>
        (value.AsInt32() + (Vector128.ConvertToInt32(exponent) << 23)).AsSingle();
}
