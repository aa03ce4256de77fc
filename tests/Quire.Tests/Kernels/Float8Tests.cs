using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Simd;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Every code of float8 e4m3fn, and every midpoint between two.</summary>
public sealed class Float8Tests
{
    private static float Meaning(int code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        double magnitude = exponent == 0 ? mantissa / 512.0 : (1 + (mantissa / 8.0)) * Math.Pow(2, exponent - 7);
        return (float)((code & 0x80) == 0 ? magnitude : -magnitude);
    }

    [Fact]
    public void Codes_widen_to_what_they_mean_and_round_back_to_themselves()
    {
        for (int code = 0; code < 256; code++)
        {
            if ((code & 0x7f) == 0x7f)
            {
                Assert.True(float.IsNaN(Float8.WidenE4M3((byte)code)));
                continue;
            }
            Assert.Equal(Meaning(code), Float8.WidenE4M3((byte)code));
            Assert.Equal(code, Float8.RoundE4M3(Meaning(code)));
        }
        Assert.Equal(0x7e, Float8.RoundE4M3(1e9f));
        Assert.Equal(0xfe, Float8.RoundE4M3(float.NegativeInfinity));
        Assert.Equal(0x7f, Float8.RoundE4M3(float.NaN));
    }

    [Fact]
    public void Midpoints_go_to_the_even_code_and_their_neighbours_to_the_nearest()
    {
        for (int code = 0; code < 0x7e; code++)
        {
            float low = Meaning(code), high = Meaning(code + 1), middle = (low + high) / 2;
            Assert.Equal(code % 2 == 0 ? code : code + 1, Float8.RoundE4M3(middle));
            Assert.Equal(code, Float8.RoundE4M3(MathF.BitDecrement(middle)));
            Assert.Equal(code + 1, Float8.RoundE4M3(MathF.BitIncrement(middle)));
        }
    }

    [Fact]
    public void Lanes_of_every_instruction_set_do_the_same()
    {
        Check<PortableLanes>();
        if (KernelSet.Available.Any(set => set.Name == "avx2")) Check<Avx2Lanes>();
        if (KernelSet.Available.Any(set => set.Name == "avx512")) Check<Avx512Lanes>();
    }

    private static unsafe void Check<T>()
        where T : unmanaged, ILanes<T>
    {
        float* lanes = stackalloc float[16], levels = stackalloc float[16];
        uint* words = stackalloc uint[16];
        for (int first = 0; first < 256; first += 16)
        {
            for (int i = 0; i < 16; i++) (words[i], levels[i]) = ((uint)(first + i) << 8, (i * 3) - 7);
            T.Store(lanes, T.WidenE4M3(words, 8));
            for (int i = 0; i < 16; i++)
                if (((first + i) & 0x7f) != 0x7f) Assert.Equal(Meaning(first + i), lanes[i]);
            T.Store(lanes, T.ChooseLevels(words, 8, levels));
            for (int i = 0; i < 16; i++) Assert.Equal(levels[(first + i) & 15], lanes[i]);
        }
        var random = new Random(3);
        for (int n = 0; n < 2000; n++)
        {
            for (int i = 0; i < 16; i++) lanes[i] = i == 0 ? float.NaN : (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-14, 10)));
            float[] values = new Span<float>(lanes, 16).ToArray();
            T.Store(lanes, T.RoundE4M3(T.Load(lanes)));
            for (int i = 0; i < 16; i++)
                if (Math.Abs(values[i]) <= Float8.MaxE4M3 || float.IsNaN(values[i])) Assert.Equal(Float8.WidenE4M3(Float8.RoundE4M3(values[i])), lanes[i]);
        }
    }
}
