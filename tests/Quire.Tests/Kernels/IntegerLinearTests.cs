using System.Runtime.Intrinsics.X86;
using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Products with activations rounded to int8.</summary>
public sealed class IntegerLinearTests
{
    private static readonly WeightFormat[] Coded = [WeightFormat.Q4_0, WeightFormat.Q4_1, WeightFormat.Q5_1, WeightFormat.Q8_0];

    public static IEnumerable<TheoryDataRow<string, WeightFormat>> Cases =>
        from set in KernelSet.Available
        from format in Coded
        select new TheoryDataRow<string, WeightFormat>(set.Name, format);

    [Theory, MemberData(nameof(Cases))]
    public void Products_equal_a_double_precision_oracle_for_awkward_sizes(string set, WeightFormat format)
    {
        foreach (int rows in (int[])[1, 2, 3, 4, 7, 9, 12, 13, 23, 24, 25, 50, 97])
            foreach (int k in (int[])[32, 96, 288, 320])
                foreach (int n in (int[])[1, 16, 17, 63, 64, 130]) Compare(set, format, rows, k, n);
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_row_has_the_same_bits_in_any_batch_and_with_any_instruction_set(string set, WeightFormat format)
    {
        const int rows = 61, inputs = 352, outputs = 150;
        var matrix = new StoredMatrix(format, outputs, inputs, 9);
        float[] input = KernelSets.Floats(10, rows * inputs);
        uint[] together = Run("portable", matrix, input, rows);
        Assert.Equal(together, Run(set, matrix, input, rows));
        for (int count = 1; count <= 26; count++)
            Assert.Equal(together[..(count * outputs)], Run(set, matrix, input[..(count * inputs)], count));
    }

    // More inputs than one piece of any kernel.
    [Theory, MemberData(nameof(Cases))]
    public void Long_rows_have_the_same_bits_with_any_instruction_set(string set, WeightFormat format)
    {
        foreach (int inputs in (int[])[1280, 2304])
        {
            const int rows = 33, outputs = 40;
            var matrix = new StoredMatrix(format, outputs, inputs, 9);
            float[] input = KernelSets.Floats(10, rows * inputs);
            uint[] together = Run("portable", matrix, input, rows);
            foreach (int count in (int[])[1, 5, 6, 8, 11, 12, 13, 16, 17, rows])
                Assert.Equal(together[..(count * outputs)], Run(set, matrix, input[..(count * inputs)], count));
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Very_long_rows_stay_within_memory(string set, WeightFormat format)
    {
        const int rows = 6, inputs = 288_000, outputs = 16;
        var matrix = new StoredMatrix(format, outputs, inputs, 9);
        float[] input = KernelSets.Floats(10, rows * inputs);
        Assert.Equal(Run("portable", matrix, input[..inputs], 1), Run(set, matrix, input, rows)[..outputs]);
    }

    [Theory, MemberData(nameof(Cases))]
    public void What_is_not_a_number_stays_in_its_row(string set, WeightFormat format)
    {
        var matrix = new StoredMatrix(format, 20, 64, 9);
        float[] input = KernelSets.Floats(11, 5 * 64);
        uint[] clean = Run(set, matrix, input, 5);
        (input[64], input[128 + 40], input[192]) = (float.NaN, float.PositiveInfinity, 1e-42f);
        uint[] dirty = Run(set, matrix, input, 5);
        Assert.Equal(clean[..20], dirty[..20]);
        Assert.Equal(clean[80..], dirty[80..]);
        Assert.All(dirty[20..60], bits => Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle(bits))));
        Assert.All(dirty[60..80], bits => Assert.True(float.IsFinite(BitConverter.UInt32BitsToSingle(bits))));
    }

    [Fact]
    public void Each_set_multiplies_with_the_instructions_it_is_named_after()
    {
        Dictionary<string, Int8Instructions> sets = KernelSet.Available.ToDictionary(set => set.Name, set => set.Int8);
        Assert.Equal(AvxVnni.IsSupported, sets.ContainsKey("avxvnni"));
        Assert.Equal(Avx2.IsSupported, sets.ContainsKey("avx2"));
        foreach ((string name, Int8Instructions instructions) in sets)
        {
            Assert.Equal(name switch
            {
                "amx" => Int8Instructions.Tiles,
                "avx512" => CpuFeatures.CanEmit && CpuFeatures.Avx512Vnni ? Int8Instructions.Vnni512 : Int8Instructions.MultiplyAdd,
                "avxvnni" => Int8Instructions.Vnni256,
                "avx2" => Int8Instructions.MultiplyAdd,
                _ => Int8Instructions.None,
            }, instructions);
            TestContext.Current.TestOutputHelper?.WriteLine($"{name} multiplied int8 by {instructions}");
        }
    }

    private static uint[] Run(string set, StoredMatrix matrix, float[] input, int rows) => KernelSets.Product(set, matrix, input, rows, DType.F32, CpuActivations.Int8);

    private static void Compare(string set, WeightFormat format, int rows, int k, int n)
    {
        var matrix = new StoredMatrix(format, n, k, (rows * 1000) + k + n);
        float[] x = KernelSets.Floats(k, rows * k);
        float[] actual = [.. Run(set, matrix, x, rows).Select(BitConverter.UInt32BitsToSingle)];
        var codes = new float[k];
        for (int row = 0; row < rows; row++)
        {
            float[] scales = Round(x.AsSpan(row * k, k), codes);
            for (int column = 0; column < n; column++)
            {
                float[] w = matrix.Row(column);
                double sum = 0, magnitude = 0;
                for (int g = 0; g < k / 32; g++)
                {
                    double dot = 0, total = 0;
                    for (int i = g * 32; i < (g * 32) + 32; i++) (dot, total) = (dot + ((double)codes[i] * w[i]), total + Math.Abs((double)codes[i] * w[i]));
                    // A minimum is added apart from the codes, which stand up to 15 scales above it: both parts round.
                    sum += dot * scales[g];
                    magnitude += 3 * total * scales[g];
                }
                // Two products and two sums a group, each rounding by at most eps / 2 of what has been added so far.
                double tolerance = ((2 * (k / 32)) + 3) * 0.5 * 1.1920929e-7 * magnitude;
                double error = Math.Abs(sum - actual[(row * n) + column]);
                Assert.True(error <= tolerance, $"{format} {rows}x{k}x{n} [{row}, {column}]: {sum:g6} off by {error:g3}, allowed {tolerance:g3}");
            }
        }
    }

    // scale = largest magnitude / 127, code = x * (127 / largest magnitude), half to even, in f32.
    private static float[] Round(ReadOnlySpan<float> x, float[] codes)
    {
        var scales = new float[x.Length / 32];
        for (int g = 0; g < scales.Length; g++)
        {
            float largest = 0;
            foreach (float value in x.Slice(g * 32, 32)) largest = Math.Max(largest, Math.Abs(value));
            scales[g] = largest / 127;
            for (int i = g * 32; i < (g * 32) + 32; i++) codes[i] = MathF.Round(x[i] * (127 / largest));
        }
        return scales;
    }
}
