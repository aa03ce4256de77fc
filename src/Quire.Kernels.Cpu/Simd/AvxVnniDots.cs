using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Linear;

namespace Quire.Kernels.Cpu.Simd;

/// <summary>Dot products by vpdpbusd on 256-bit registers (AVX-VNNI: client CPUs, which have no AVX-512). It adds four products to an int32 at once and saturates
/// nowhere, so that codes of four and of eight bits are the same to it.</summary>
/// <remarks>A lane of 32 bits is a column's sum. Six rows have twelve sums, enough to hide the instruction's latency; with two vectors of codes and one of activations they
/// fit sixteen registers. Of an odd number of rows the last is multiplied twice: its codes are loaded already. A struct, so that callers are compiled for it alone.</remarks>
internal readonly unsafe struct AvxVnniDots : IDots<Avx2Lanes>
{
    private const int GroupBytes = Packing.Group * Packing.Columns;

    public static Int8Instructions Instructions => Int8Instructions.Vnni256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Dot(byte* codes, ActivationGroup* activations, int groups, int rows, bool areNibbles, int middle, Avx2Lanes* dots)
    {
        int start = middle switch { 0 => 0, 8 => ActivationGroup.Start4Offset, _ => ActivationGroup.Start8Offset };
        if (rows > 4) Six(codes, activations, groups, rows, start, dots);
        else if (rows > 2) Four(codes, activations, groups, rows, start, dots);
        else Two(codes, activations, groups, rows, start, dots);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes DotNibbles(byte* codes, ActivationGroup* activations, int middle)
    {
        Vector256<byte> mask = Vector256.Create((byte)15);
        Vector256<int> a0 = Vector256.Create(ActivationGroup.Start(activations, 1, 1, middle)), a1 = a0, b0 = default, b1 = default;
        for (int pair = 0; pair < 4; pair++)
        {
            Vector256<byte> low = Vector256.Load(codes + (64 * pair)), high = Vector256.Load(codes + (64 * pair) + 32);
            byte* x = (byte*)activations->Codes + (8 * pair);
            Add(ref a0, ref a1, low & mask, high & mask, x);
            Add(ref b0, ref b1, (low.AsUInt16() >>> 4).AsByte() & mask, (high.AsUInt16() >>> 4).AsByte() & mask, x + 4);
        }
        return Avx2Lanes.FromIntegers(a0 + b0, a1 + b1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DotHalf(byte* codes, ActivationGroup* activations, int half, int rows, Avx2Lanes* dots)
    {
        Vector256<byte> c0 = Vector256.Load(codes), c1 = Vector256.Load(codes + 32), c2 = Vector256.Load(codes + 64), c3 = Vector256.Load(codes + 96);
        Vector256<byte> c4 = Vector256.Load(codes + 128), c5 = Vector256.Load(codes + 160), c6 = Vector256.Load(codes + 192), c7 = Vector256.Load(codes + 224);
        for (int row = 0; row < rows; row++, activations++)
        {
            Vector256<int> a = Vector256.Create(activations->StartHalves[half]), b = a;
            byte* x = (byte*)activations->Codes + (16 * half);
            Add(ref a, ref b, c0, c1, x);
            Add(ref a, ref b, c2, c3, x + 4);
            Add(ref a, ref b, c4, c5, x + 8);
            Add(ref a, ref b, c6, c7, x + 12);
            dots[row] = Avx2Lanes.FromIntegers(a, b);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six(byte* codes, ActivationGroup* activations, int groups, int rows, nint start, Avx2Lanes* dots)
    {
        Vector256<int> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default, e0 = default, e1 = default, f0 = default, f1 = default;
        nint last = (rows - 1) * ActivationGroup.Size;
        ActivationGroup* end = activations + (groups * rows);
        for (; activations < end; activations += rows)
        {
            byte* x = (byte*)activations;
            if (start != 0)
            {
                Begin(ref a0, ref a1, x + start);
                Begin(ref b0, ref b1, x + ActivationGroup.Size + start);
                Begin(ref c0, ref c1, x + (2 * ActivationGroup.Size) + start);
                Begin(ref d0, ref d1, x + (3 * ActivationGroup.Size) + start);
                Begin(ref e0, ref e1, x + (4 * ActivationGroup.Size) + start);
                Begin(ref f0, ref f1, x + last + start);
            }
            for (byte* next = codes + GroupBytes; codes < next; codes += 64, x += 4)
            {
                Vector256<byte> low = Vector256.Load(codes), high = Vector256.Load(codes + 32);
                Add(ref a0, ref a1, low, high, x);
                Add(ref b0, ref b1, low, high, x + ActivationGroup.Size);
                Add(ref c0, ref c1, low, high, x + (2 * ActivationGroup.Size));
                Add(ref d0, ref d1, low, high, x + (3 * ActivationGroup.Size));
                Add(ref e0, ref e1, low, high, x + (4 * ActivationGroup.Size));
                Add(ref f0, ref f1, low, high, x + last);
            }
        }
        dots[0] = Avx2Lanes.FromIntegers(a0, a1);
        dots[1] = Avx2Lanes.FromIntegers(b0, b1);
        dots[2] = Avx2Lanes.FromIntegers(c0, c1);
        dots[3] = Avx2Lanes.FromIntegers(d0, d1);
        dots[4] = Avx2Lanes.FromIntegers(e0, e1);
        if (rows == 6) dots[5] = Avx2Lanes.FromIntegers(f0, f1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(byte* codes, ActivationGroup* activations, int groups, int rows, nint start, Avx2Lanes* dots)
    {
        Vector256<int> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        nint last = (rows - 1) * ActivationGroup.Size;
        ActivationGroup* end = activations + (groups * rows);
        for (; activations < end; activations += rows)
        {
            byte* x = (byte*)activations;
            if (start != 0)
            {
                Begin(ref a0, ref a1, x + start);
                Begin(ref b0, ref b1, x + ActivationGroup.Size + start);
                Begin(ref c0, ref c1, x + (2 * ActivationGroup.Size) + start);
                Begin(ref d0, ref d1, x + last + start);
            }
            for (byte* next = codes + GroupBytes; codes < next; codes += 64, x += 4)
            {
                Vector256<byte> low = Vector256.Load(codes), high = Vector256.Load(codes + 32);
                Add(ref a0, ref a1, low, high, x);
                Add(ref b0, ref b1, low, high, x + ActivationGroup.Size);
                Add(ref c0, ref c1, low, high, x + (2 * ActivationGroup.Size));
                Add(ref d0, ref d1, low, high, x + last);
            }
        }
        dots[0] = Avx2Lanes.FromIntegers(a0, a1);
        dots[1] = Avx2Lanes.FromIntegers(b0, b1);
        dots[2] = Avx2Lanes.FromIntegers(c0, c1);
        if (rows == 4) dots[3] = Avx2Lanes.FromIntegers(d0, d1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Two(byte* codes, ActivationGroup* activations, int groups, int rows, nint start, Avx2Lanes* dots)
    {
        Vector256<int> a0 = default, a1 = default, b0 = default, b1 = default;
        nint last = (rows - 1) * ActivationGroup.Size;
        ActivationGroup* end = activations + (groups * rows);
        for (; activations < end; activations += rows)
        {
            byte* x = (byte*)activations;
            if (start != 0)
            {
                Begin(ref a0, ref a1, x + start);
                Begin(ref b0, ref b1, x + last + start);
            }
            for (byte* next = codes + GroupBytes; codes < next; codes += 64, x += 4)
            {
                Vector256<byte> low = Vector256.Load(codes), high = Vector256.Load(codes + 32);
                Add(ref a0, ref a1, low, high, x);
                Add(ref b0, ref b1, low, high, x + last);
            }
        }
        dots[0] = Avx2Lanes.FromIntegers(a0, a1);
        if (rows == 2) dots[1] = Avx2Lanes.FromIntegers(b0, b1);
    }

    // What a row's sums begin with in a group, as its middle asks.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Begin(ref Vector256<int> a, ref Vector256<int> b, byte* start)
    {
        Vector256<int> all = Vector256.Create(*(int*)start);
        a += all;
        b += all;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref Vector256<int> a, ref Vector256<int> b, Vector256<byte> low, Vector256<byte> high, byte* x)
    {
        Vector256<sbyte> four = Vector256.Create(*(int*)x).AsSByte();
        a = AvxVnni.MultiplyWideningAndAdd(a, low, four);
        b = AvxVnni.MultiplyWideningAndAdd(b, high, four);
    }
}
