using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;

namespace Quire.Tests.Kernels;

/// <summary>Dot products of int8 numbers by each kind of instructions: exactly those of the definition.</summary>
public sealed class DotsTests
{
    [Fact]
    public void Of_AVX_VNNI()
    {
        Assert.SkipUnless(AvxVnni.IsSupported && Avx2Lanes.IsSupported, "This CPU has no AVX-VNNI.");
        Check<Avx2Lanes, AvxVnniDots>();
    }

    [Fact]
    public void Of_AVX2()
    {
        Assert.SkipUnless(Avx2Lanes.IsSupported, "This CPU has no AVX2.");
        Check<Avx2Lanes, Avx2Lanes>();
    }

    // Where VNNI is, nothing else runs these.
    [Fact]
    public void Of_AVX_512_without_VNNI()
    {
        Assert.SkipUnless(Avx512Lanes.IsSupported, "This CPU has no AVX-512.");
        Check<Avx512Lanes, Avx512Lanes>();
    }

    [Fact]
    public void Of_portable_code() => Check<PortableLanes, PortableLanes>();

    private static unsafe void Check<T, TDots>()
        where T : unmanaged, ILanes<T>
        where TDots : IDots<T>
    {
        var random = new Random(4);
        ActivationGroup[] activations = new ActivationGroup[PackedFormat.MaxRunGroups * ActivationRows.MaxBlockRows];
        byte[] codes = new byte[PackedFormat.MaxRunGroups * 512];
        float* lanes = stackalloc float[16];
        T* dots = stackalloc T[ActivationRows.MaxBlockRows + 1];
        foreach (bool areNibbles in (bool[])[false, true])
        {
            foreach (bool isLargest in (bool[])[false, true])
            {
                for (int i = 0; i < codes.Length; i++) codes[i] = (byte)(isLargest ? (areNibbles ? 15 : 255) : random.Next(areNibbles ? 16 : 256));
                foreach (ref ActivationGroup group in activations.AsSpan())
                {
                    int sum = 0;
                    for (int k = 0; k < 32; k++) sum += group.Codes[k] = (sbyte)(isLargest ? 127 : random.Next(-127, 128));
                    (group.Start4, group.Start8) = (-8 * sum, -128 * sum);
                    (group.StartHalves[0], group.StartHalves[1]) = (0, 0);
                    for (int k = 0; k < 32; k++) group.StartHalves[k / 16] += -128 * group.Codes[k];
                }
                if (areNibbles) CheckNibbles<T, TDots>(codes, activations);
                else CheckHalves<T, TDots>(codes, activations);
                foreach (int middle in (int[])[0, areNibbles ? 8 : 128])
                {
                    foreach (int groups in (int[])[1, 2, 5, PackedFormat.MaxRunGroups])
                    {
                        // Beyond 2^24 a sum of codes around zero is not exact; only weights with a middle are summed over groups.
                        if (groups > 1 && middle == 0) continue;
                        for (int rows = 1; rows <= ActivationRows.MaxBlockRows; rows++)
                        {
                            dots[rows] = T.Broadcast(float.NaN);
                            fixed (byte* code = codes)
                            fixed (ActivationGroup* x = activations) TDots.Dot(code, x, groups, rows, areNibbles, middle, dots);
                            for (int row = 0; row < rows; row++)
                            {
                                T.Store(lanes, dots[row]);
                                for (int column = 0; column < 16; column++) Assert.Equal(Expected(codes, activations, groups, rows, row, column, middle), lanes[column]);
                            }
                            // Nothing is written behind the rows.
                            T.Store(lanes, dots[rows]);
                            Assert.True(float.IsNaN(lanes[0]));
                        }
                    }
                }
            }
        }
    }

    private static unsafe void CheckNibbles<T, TDots>(byte[] codes, ActivationGroup[] activations)
        where T : unmanaged, ILanes<T>
        where TDots : IDots<T>
    {
        float* lanes = stackalloc float[16];
        byte[] packed = new byte[256];
        for (int k = 0; k < 32; k++)
            for (int column = 0; column < 16; column++) packed[(k / 8 * 64) + (4 * column) + (k % 4)] |= (byte)(codes[(k / 4 * 64) + (4 * column) + (k % 4)] << (k % 8 / 4 * 4));
        foreach (int middle in (int[])[0, 8])
        {
            fixed (byte* code = packed)
            fixed (ActivationGroup* x = activations) T.Store(lanes, TDots.DotNibbles(code, x, middle));
            for (int column = 0; column < 16; column++) Assert.Equal(Expected(codes, activations, 1, 1, 0, column, middle), lanes[column]);
        }
    }

    private static unsafe void CheckHalves<T, TDots>(byte[] codes, ActivationGroup[] activations)
        where T : unmanaged, ILanes<T>
        where TDots : IDots<T>
    {
        float* lanes = stackalloc float[16];
        T* dots = stackalloc T[ActivationRows.MaxBlockRows + 1];
        for (int half = 0; half < 2; half++)
        {
            for (int rows = 1; rows <= ActivationRows.MaxBlockRows; rows++)
            {
                dots[rows] = T.Broadcast(float.NaN);
                fixed (byte* code = codes)
                fixed (ActivationGroup* x = activations) TDots.DotHalf(code + (256 * half), x, half, rows, dots);
                for (int row = 0; row < rows; row++)
                {
                    T.Store(lanes, dots[row]);
                    for (int column = 0; column < 16; column++)
                    {
                        int sum = 0;
                        for (int k = 16 * half; k < 16 * (half + 1); k++) sum += (codes[(k / 4 * 64) + (4 * column) + (k % 4)] - 128) * activations[row].Codes[k];
                        Assert.Equal(sum, lanes[column]);
                    }
                }
                T.Store(lanes, dots[rows]);
                Assert.True(float.IsNaN(lanes[0]));
            }
        }
    }

    private static unsafe int Expected(byte[] codes, ActivationGroup[] activations, int groups, int rows, int row, int column, int middle)
    {
        int sum = 0;
        for (int g = 0; g < groups; g++)
            for (int k = 0; k < 32; k++) sum += (codes[(512 * g) + (k / 4 * 64) + (4 * column) + (k % 4)] - middle) * activations[(g * rows) + row].Codes[k];
        return sum;
    }
}
