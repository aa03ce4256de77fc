using Quire.Kernels.Cpu;
using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>Products with activations rounded to bf16, where the CPU multiplies them faster; elsewhere the f32 products stand in.</summary>
public sealed class BFloatLinearTests
{
    private static readonly WeightFormat[] Formats = [WeightFormat.BF16, WeightFormat.Q4_0, WeightFormat.Q4_1, WeightFormat.Q5_1, WeightFormat.Q8_0];

    public static IEnumerable<TheoryDataRow<string, WeightFormat>> Cases =>
        from set in KernelSet.Available
        from format in Formats
        select new TheoryDataRow<string, WeightFormat>(set.Name, format);

    [Theory, MemberData(nameof(Cases))]
    public void Products_equal_a_double_precision_oracle_for_awkward_sizes(string set, WeightFormat format)
    {
        int[] inputs = format == WeightFormat.BF16 ? [1, 2, 3, 63, 256, 300] : [32, 96, 320];
        foreach (int rows in (int[])[1, 2, 5, 6, 7, 13, 97, 193])
            foreach (int k in inputs)
                foreach (int n in (int[])[1, 16, 33, 64, 130]) Compare(set, format, rows, k, n);
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_row_has_the_same_bits_in_any_batch(string set, WeightFormat format)
    {
        const int rows = 40, inputs = 544, outputs = 100;
        var matrix = new StoredMatrix(format, outputs, inputs, 3);
        float[] input = KernelSets.Floats(5, rows * inputs);
        uint[] together = Run(set, matrix, input, rows);
        foreach (int count in (int[])[1, 2, 3, 5, 6, 7, 11, 39]) Assert.Equal(together[..(count * outputs)], Run(set, matrix, input[..(count * inputs)], count));
    }

    [Fact]
    public void Tiles_equal_the_oracle_also_where_f32_is_faster()
    {
        Assert.SkipUnless(CpuFeatures.CanEmit && CpuFeatures.Avx512Bf16, "This CPU has no vdpbf16ps.");
        using var weights = new NativeBuffer(4 * 7 * 64);
        using var rows = new NativeBuffer(6 * 16 * 2);
        using var sums = new NativeBuffer(6 * 64 * 4);
        var random = new Random(2);
        foreach (ref ushort w in weights.Tensor(DType.BF16, new Shape(4 * 7 * 32)).AsSpan<ushort>()) w = Packing.RoundToBf16((float)random.NextDouble() - 0.5f);
        foreach (ref ushort x in rows.Tensor(DType.BF16, new Shape(6, 16)).AsSpan<ushort>()) x = Packing.RoundToBf16((float)random.NextDouble() - 0.5f);
        for (int count = 1; count <= 6; count++)
        {
            for (int tiles = 1; tiles <= 4; tiles++)
            {
                sums.Tensor(DType.F32, new Shape(6 * 64)).AsSpan<float>().Fill(1);
                Run(count, tiles);
                for (int row = 0; row < count; row++)
                    for (int column = 0; column < tiles * 16; column++) Assert.Equal(Expected(row, column), sums.Tensor(DType.F32, new Shape(6, 64)).AsSpan<float>()[(row * 64) + column], 1e-5);
            }
        }

        unsafe void Run(int count, int tiles)
        {
            var arguments = new BFloatTileArguments { Weights = (byte*)weights.Address, TileStride = 7 * 64, Rows = (ushort*)rows.Address, RowStride = 32, Sums = (float*)sums.Address, SumStride = 256, Pairs = 7 };
            VectorBFloatTiles.Run(count, tiles, &arguments);
        }

        double Expected(int row, int column)
        {
            double sum = 1;
            ReadOnlySpan<ushort> w = weights.Tensor(DType.BF16, new Shape(4 * 7 * 32)).AsSpan<ushort>(), x = rows.Tensor(DType.BF16, new Shape(6, 16)).AsSpan<ushort>();
            for (int k = 0; k < 14; k++) sum += (double)Value(x[(row * 16) + k]) * Value(w[(column / 16 * 7 * 32) + (k / 2 * 32) + (column % 16 * 2) + (k % 2)]);
            return sum;
        }
    }

    // What the architecture's manual says tdpbf16ps does: along 32 inputs the even and the odd products have a chain of multiply-adds each, and both are added, then added to the sum.
    [Fact]
    public void Tile_registers_add_as_their_definition_says()
    {
        Assert.SkipUnless(KernelSet.Available.Any(set => set.HasTileRegisters), "This CPU has no AMX, or the system does not allow it.");
        const int rows = 37, inputs = 416, outputs = 48;
        var matrix = new StoredMatrix(WeightFormat.BF16, outputs, inputs, 8);
        float[] x = KernelSets.Floats(9, rows * inputs);
        uint[] actual = Run("amx", matrix, x, rows);
        for (int column = 0; column < outputs; column++)
        {
            float[] w = matrix.Row(column);
            for (int row = 0; row < rows; row++)
            {
                float sum = 0;
                for (int step = 0; step < inputs; step += 32)
                {
                    float even = 0, odd = 0;
                    for (int i = step; i < step + 32; i += 2)
                    {
                        even = MathF.FusedMultiplyAdd(Rounded(x[(row * inputs) + i]), w[i], even);
                        odd = MathF.FusedMultiplyAdd(Rounded(x[(row * inputs) + i + 1]), w[i + 1], odd);
                    }
                    sum += even + odd;
                }
                Assert.Equal(BitConverter.SingleToUInt32Bits(sum), actual[(row * outputs) + column]);
            }
        }
    }

    // Without room for the registers on a thread's stack for signals, this ends the process instead of the test.
    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Null_references_are_caught_on_threads_that_have_multiplied(string set)
    {
        var matrix = new StoredMatrix(WeightFormat.BF16, 64, 64, 1);
        float[] x = KernelSets.Floats(2, 64);
        int caught = 0;
        var thread = new Thread(() => Interlocked.Add(ref caught, Provoke()));
        thread.Start();
        thread.Join();
        caught += Provoke();
        Assert.Equal(2, caught);

        var job = new NullReference();
        Run(set, matrix, x, 1);
        Assert.IsType<NullReferenceException>(Assert.Throws<InvalidOperationException>(() => KernelSets.Pool.Run(ref job, 8)).InnerException);

        int Provoke()
        {
            Run(set, matrix, x, 1);
            try
            {
                new NullReference().Run(0, 0);
                return 0;
            }
            catch (NullReferenceException)
            {
                return 1;
            }
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void No_rows_are_no_work(string set, WeightFormat format) => Assert.Empty(Run(set, new StoredMatrix(format, 20, 64, 3), [], 0));

    private readonly struct NullReference : IJob
    {
        public void Run(int item, int worker) => _ = Volatile.Read(ref Nothing().Length);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        private static Holder Nothing() => null!;
    }

    private sealed class Holder
    {
        public int Length = 1;
    }

    private static float Value(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static float Rounded(float x) => Value(Packing.RoundToBf16(x));

    private static uint[] Run(string set, StoredMatrix matrix, float[] input, int rows) => KernelSets.Product(set, matrix, input, rows, DType.BF16, CpuActivations.BF16);

    private static void Compare(string set, WeightFormat format, int rows, int k, int n)
    {
        var matrix = new StoredMatrix(format, n, k, (rows * 1000) + k + n);
        float[] x = KernelSets.Floats(k, rows * k);
        float[] actual = [.. Run(set, matrix, x, rows).Select(BitConverter.UInt32BitsToSingle)];
        KernelSet kernels = KernelSet.Named(set);
        bool rounds = kernels.HasFastBf16, keepsCodes = rounds && !kernels.HasTileRegisters && StoredMatrix.IsGrouped(format);
        // What codes stand for before their minimum, of 1 at most, is added.
        double minimum = keepsCodes && format is WeightFormat.Q4_1 or WeightFormat.Q5_1 ? 1 : 0;
        for (int column = 0; column < n; column++)
        {
            float[] w = matrix.Row(column);
            if (rounds && !keepsCodes) w = Array.ConvertAll(w, Rounded);
            for (int row = 0; row < rows; row++)
            {
                double sum = 0, magnitude = 0;
                for (int i = 0; i < k; i++)
                {
                    double value = rounds ? Rounded(x[(row * k) + i]) : x[(row * k) + i];
                    (sum, magnitude) = (sum + (value * w[i]), magnitude + (Math.Abs(value) * (Math.Abs(w[i]) + (2 * minimum))));
                }
                // k multiply-adds, each rounding by at most eps / 2 of the magnitude so far; the instruction flushes what is below the normal numbers.
                double tolerance = ((k + 2) * 0.5 * 1.1920929e-7 * magnitude) + (k * 1.2e-38);
                double error = Math.Abs(sum - actual[(row * n) + column]);
                Assert.True(error <= tolerance, $"{format} {rows}x{k}x{n} [{row}, {column}]: off by {error:g3}, allowed {tolerance:g3}");
            }
        }
    }
}
