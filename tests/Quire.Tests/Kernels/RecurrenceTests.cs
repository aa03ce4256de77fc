using Quire.Kernels.Cpu;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

public sealed class RecurrenceTests
{
    private const double Epsilon = 1.1920929e-7;

    // Channels, kernel, interval, lengths of sequences.
    private static readonly (int Channels, int Kernel, int Interval, int[] Lengths)[] Convolutions = [(16, 3, 16, [1, 40]), (48, 4, 16, [17, 2, 33]), (21, 2, 32, [100])];

    // Key heads, value heads, key size, value size.
    private static readonly (int KeyHeads, int ValueHeads, int KeySize, int ValueSize)[] Deltas = [(2, 4, 12, 16), (1, 3, 16, 24), (2, 2, 32, 32)];

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Convolutions_equal_a_double_precision_oracle_and_do_not_depend_on_cuts(string set)
    {
        foreach ((int channels, int kernel, int interval, int[] lengths) in Convolutions)
        {
            foreach (bool isGated in (bool[])[true, false])
            {
                int width = isGated ? 3 * channels : channels + 5, tokens = lengths.Sum();
                float[] rows = KernelSets.Floats(channels, tokens * width), weight = KernelSets.Floats(3, kernel * channels);
                float[] whole = Run([.. lengths.Select(length => (int[])[length])]);
                Assert.Equal(whole, Run([.. lengths.Select(length => length > 7 ? (int[])[7, length - 7] : [length])]));
                Assert.Equal(whole, Run([.. lengths.Select(length => length > interval ? (int[])[interval, length - interval] : [length])]));
                for (int s = 0, first = 0; s < lengths.Length; first += lengths[s++])
                {
                    for (int t = 0; t < lengths[s]; t++)
                    {
                        for (int c = 0; c < channels; c++)
                        {
                            double sum = 0, size = 0;
                            for (int k = 0; k < kernel; k++)
                            {
                                if (t - kernel + 1 + k < 0) continue;
                                int at = ((first + t - kernel + 1 + k) * width) + c;
                                double x = isGated ? (double)rows[at] * rows[at + (2 * channels)] : rows[at];
                                (sum, size) = (sum + (weight[(k * channels) + c] * x), size + Math.Abs(weight[(k * channels) + c] * x));
                            }
                            double expected = isGated ? rows[((first + t) * width) + channels + c] * sum : sum / (1 + Math.Exp(-sum));
                            Assert.Equal(expected, whole[((first + t) * channels) + c], Epsilon * ((kernel + 8) * size * 2 + 1e-6));
                        }
                    }
                }

                // Each sequence in steps of the given lengths.
                float[] Run(int[][] cuts)
                {
                    var result = new float[tokens * channels];
                    using var states = new States(lengths, interval, new Shape(0, kernel - 1, channels), default);
                    Tensor taps = KernelSets.Upload(states.Owned, weight, DType.F32, new Shape(kernel, channels));
                    states.Steps(cuts, (batch, taken) =>
                    {
                        int count = taken.Length;
                        Tensor output = KernelSets.Unwritten(states.Owned, new Shape(count, channels));
                        Tensor input = KernelSets.Upload(states.Owned, [.. taken.SelectMany(row => rows.Skip(row * width).Take(width))], DType.F32, new Shape(count, width));
                        KernelSets.Device(set).CausalConv(output, input, taps, states.Cache, batch, isGated);
                        for (int i = 0; i < count; i++) output.AsSpan<float>().Slice(i * channels, channels).CopyTo(result.AsSpan(taken[i] * channels));
                    });
                    return result;
                }
            }
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Delta_rules_equal_a_double_precision_oracle_and_do_not_depend_on_cuts(string set)
    {
        int[] lengths = [1, 37, 20];
        foreach ((int keyHeads, int valueHeads, int keySize, int valueSize) in Deltas)
        {
            int tokens = lengths.Sum(), keys = keyHeads * keySize, values = valueHeads * valueSize, width = (2 * keys) + (2 * values);
            float[] rows = KernelSets.Floats(valueSize, tokens * width), gates = KernelSets.Floats(2, tokens * 2 * valueHeads);
            float[] decay = [.. Enumerable.Range(1, valueHeads).Select(i => -0.3f * i)], bias = KernelSets.Floats(7, valueHeads), weight = KernelSets.Floats(9, valueSize);
            float[] whole = Run("portable", [.. lengths.Select(length => (int[])[length])]);
            Assert.Equal(whole, Run(set, [.. lengths.Select(length => length > 5 ? (int[])[5, 11, length - 16] : [length])]));
            Assert.Equal(whole, Run(set, [.. lengths.Select(length => length > 16 ? (int[])[16, length - 16] : [length])]));
            double[] expected = Oracle();
            // 40 steps of sums of keySize products of size 1 at most, normalised by a root mean square.
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], whole[i], Epsilon * 40 * (keySize + 10) * Math.Max(1, Math.Abs(expected[i])));

            float[] Run(string kernels, int[][] cuts)
            {
                var result = new float[tokens * values];
                using var states = new States(lengths, 16, default, new Shape(0, valueHeads, DeltaRule.MatrixFloats(keySize, valueSize)));
                var rule = new DeltaRule(keyHeads, valueHeads, keySize, valueSize,
                    KernelSets.Upload(states.Owned, decay, DType.F32, new Shape(valueHeads)), KernelSets.Upload(states.Owned, bias, DType.F32, new Shape(valueHeads)),
                    new NormWeight(KernelSets.Upload(states.Owned, weight, DType.F32, new Shape(valueSize)), 1e-3f));
                states.Steps(cuts, (batch, taken) =>
                {
                    int count = taken.Length;
                    Tensor output = KernelSets.Unwritten(states.Owned, new Shape(count, values));
                    KernelSets.Device(kernels).GatedDelta(output,
                        KernelSets.Upload(states.Owned, [.. taken.SelectMany(row => rows.Skip(row * width).Take(width))], DType.F32, new Shape(count, width)),
                        KernelSets.Upload(states.Owned, [.. taken.SelectMany(row => gates.Skip(row * 2 * valueHeads).Take(2 * valueHeads))], DType.F32, new Shape(count, 2 * valueHeads)),
                        states.Cache, batch, rule);
                    for (int i = 0; i < count; i++) output.AsSpan<float>().Slice(i * values, values).CopyTo(result.AsSpan(taken[i] * values));
                });
                return result;
            }

            double[] Oracle()
            {
                var result = new double[tokens * values];
                for (int head = 0; head < valueHeads; head++)
                {
                    int key = head / (valueHeads / keyHeads);
                    for (int s = 0, row = 0; s < lengths.Length; s++)
                    {
                        var matrix = new double[keySize, valueSize];
                        for (int t = 0; t < lengths[s]; t++, row++)
                        {
                            double[] q = Unit(row * width + (key * keySize), 1 / Math.Sqrt(keySize)), k = Unit((row * width) + keys + (key * keySize), 1);
                            double b = 1 / (1 + Math.Exp(-gates[(row * 2 * valueHeads) + head]));
                            double kept = Math.Exp(decay[head] * Math.Log(1 + Math.Exp(gates[(row * 2 * valueHeads) + valueHeads + head] + bias[head])));
                            var output = new double[valueSize];
                            for (int v = 0; v < valueSize; v++)
                            {
                                double remembered = Enumerable.Range(0, keySize).Sum(i => matrix[i, v] * kept * k[i]);
                                double change = b * (rows[(row * width) + (2 * keys) + (head * valueSize) + v] - remembered);
                                for (int i = 0; i < keySize; i++) matrix[i, v] = (matrix[i, v] * kept) + (k[i] * change);
                                output[v] = Enumerable.Range(0, keySize).Sum(i => matrix[i, v] * q[i]);
                            }
                            double factor = 1 / Math.Sqrt(output.Average(x => x * x) + 1e-3f);
                            for (int v = 0; v < valueSize; v++)
                            {
                                double z = rows[(row * width) + (2 * keys) + values + (head * valueSize) + v];
                                result[(row * values) + (head * valueSize) + v] = weight[v] * output[v] * factor * z / (1 + Math.Exp(-z));
                            }
                        }
                    }
                }
                return result;
            }

            double[] Unit(int at, double scale)
            {
                double length = Math.Sqrt(Enumerable.Range(0, keySize).Sum(i => (double)rows[at + i] * rows[at + i]) + 1e-6);
                return [.. Enumerable.Range(0, keySize).Select(i => rows[at + i] * scale / length)];
            }
        }
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void A_sequence_goes_on_from_what_one_before_it_in_the_batch_just_left(string set)
    {
        const int channels = 16, interval = 16;
        float[] rows = KernelSets.Floats(1, 40 * channels), weight = KernelSets.Floats(3, 3 * channels);
        List<NativeBuffer> owned = [];
        Tensor taps = KernelSets.Upload(owned, weight, DType.F32, new Shape(3, channels));
        var cache = new StateCache(KernelSets.Unwritten(owned, new Shape(4, 2, channels)), default);
        Tensor output = KernelSets.Unwritten(owned, new Shape(24, channels));
        // The second sequence shares the first interval of the first one, and is otherwise the same.
        var batch = new StateBatch(Ints([.. Enumerable.Range(0, 20), 16, 17, 18, 19]), Ints([0, 20, 24]), Ints([20, 20]), KernelSets.Upload(owned, (int[])[1, 2, 1, 3], DType.I32, new Shape(2, 2)), interval);
        KernelSets.Device(set).CausalConv(output, KernelSets.Upload(owned, [.. rows[..(20 * channels)], .. rows[(16 * channels)..(20 * channels)]], DType.F32, new Shape(24, channels)), taps, cache, batch, isGated: false);
        Assert.Equal(output.AsSpan<float>().Slice(16 * channels, 4 * channels).ToArray(), output.AsSpan<float>()[(20 * channels)..].ToArray());
        owned.ForEach(buffer => buffer.Dispose());

        Tensor Ints(int[] values) => KernelSets.Upload(owned, values, DType.I32, new Shape(values.Length));
    }

    [Theory, MemberData(nameof(KernelSets.Names), MemberType = typeof(KernelSets))]
    public void Values_are_multiplied_by_sigmoids(string set)
    {
        foreach (int columns in KernelSets.AwkwardSizes)
        {
            List<NativeBuffer> owned = [];
            float[] x = KernelSets.Floats(columns, columns), gates = KernelSets.Floats(2, columns);
            Tensor values = KernelSets.Upload(owned, x, DType.F32, new Shape(1, columns));
            KernelSets.Device(set).MultiplySigmoid(values, KernelSets.Upload(owned, gates, DType.F32, new Shape(1, columns)));
            for (int i = 0; i < columns; i++)
            {
                double expected = x[i] / (1 + Math.Exp(-(double)gates[i]));
                Assert.Equal(expected, values.AsSpan<float>()[i], Math.Abs(expected) * Epsilon * 8);
            }
            owned.ForEach(buffer => buffer.Dispose());
        }
    }

    /// <summary>Slots of some sequences, and the steps in which they are filled.</summary>
    private sealed class States : IDisposable
    {
        private readonly int[] lengths;
        private readonly int interval, width;

        public States(int[] lengths, int interval, Shape window, Shape matrices)
        {
            (this.lengths, this.interval) = (lengths, interval);
            width = (lengths.Max() + interval - 1) / interval;
            int slots = (width * lengths.Length) + 1;
            Cache = new StateCache(Of(window), Of(matrices));

            Tensor Of(Shape shape) => shape.Rank == 0 ? default : KernelSets.Unwritten(Owned, new Shape(slots, shape[1], shape[2]));
        }

        public List<NativeBuffer> Owned { get; } = [];

        public StateCache Cache { get; }

        /// <param name="run">Gets a batch and, for each of its rows, which row of all it is.</param>
        public void Steps(int[][] cuts, Action<StateBatch, int[]> run)
        {
            var done = new int[lengths.Length];
            for (int step = 0; step < cuts.Max(cut => cut.Length); step++)
            {
                int[] counts = [.. cuts.Select(cut => step < cut.Length ? cut[step] : 0)];
                int[] starts = [0, .. counts.Select((_, i) => counts.Take(i + 1).Sum())];
                int[] positions = [.. counts.SelectMany((count, s) => Enumerable.Range(done[s], count))];
                int[] taken = [.. counts.SelectMany((count, s) => Enumerable.Range(lengths.Take(s).Sum() + done[s], count))];
                for (int s = 0; s < done.Length; s++) done[s] += counts[s];
                int[] slots = [.. Enumerable.Range(1, width * lengths.Length).Reverse()];
                run(new StateBatch(Ints(positions), Ints(starts), Ints([.. counts.Select((count, s) => count == 0 ? 0 : done[s])]), KernelSets.Upload(Owned, slots, DType.I32, new Shape(lengths.Length, width)), interval), taken);
            }
        }

        public void Dispose() => Owned.ForEach(buffer => buffer.Dispose());

        private Tensor Ints(int[] values) => KernelSets.Upload(Owned, values, DType.I32, new Shape(values.Length));
    }
}
